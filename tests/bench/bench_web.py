"""The dispatcher and MClimate's lists, in this process and over HTTP on the loopback interface.

Baselines of the same run: the least an ASGI application can do, and an empty row behind the same
dispatcher with 150 rows. The store is LMDB with 300 devices; tokens are checked against it. Shares are of
processor time, which neighbours on the machine disturb least.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
import uvloop

from ownclimate.core.access import Access
from ownclimate.core.accounts import register_account
from ownclimate.core.devices import create_device
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Arrivals, Batch, OriginKind, origin_number
from ownclimate.core.writes import Actor
from ownclimate.oauth.keys import KeyKind, check_token, create_key
from ownclimate.store.lmdb import open_store
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.web.asgi import ASGIApp, Receive, Scope, Send, send_reply
from ownclimate.web.call import Call
from ownclimate.web.dispatch import Application
from ownclimate.web.tables import Dialect, Endpoint, Success
from tests.bench.load import run
from tests.fakes import FakeClock, SeededEntropy

DEVICES = 300
EMPTY_ROWS = 150
CONNECTIONS = 32
LIMIT_S = 3.0
ROUNDS = 5
SERIAL = "70B3D52DD3000077"
READING = {
    "temperature_c": 21.5,
    "humidity_pct": 45.0,
    "setpoint_c": 20.0,
    "valve_pct": 30.0,
    "battery_v": 3.1,
}
TARGETS = {
    "raw ASGI (baseline)": "/raw",
    f"empty row, {EMPTY_ROWS} rows (baseline)": "/empty/75",
    "empty row behind the token check": "/empty/0",
    "entity": f"/v1/controllers/{SERIAL}",
    "entity, by alias": f"/v1/controller/{SERIAL.lower()}",
    "list of 30 of 300": "/v1/controllers",
    "list of 100, sorted": "/v1/controllers?sort=-created&limit=100",
    "list of 30, filtered by readings": "/v1/controllers?online=1",
}
CALLS = {"/raw": 20_000, "/empty/75": 20_000, "/empty/0": 10_000}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        token = uvloop.run(_alone(Path(folder)))
        with served("tests.bench.bench_web", Path(folder)) as url:
            _loaded(url, token)


async def _alone(folder: Path) -> str:
    async with open_store(folder, clock=FakeClock(), entropy=SeededEntropy(1)) as store:
        token = await _fill(ports_of(store))
        await _in_process(_application(ports_of(store)), token)
    return token


async def serve(folder: Path, make: Callable[[Ports], ASGIApp]) -> None:
    """The benched application on a free port, which it prints. Runs until it is killed."""
    async with open_store(folder, clock=FakeClock(), entropy=SeededEntropy(2)) as store:
        app = make(ports_of(store))
        config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off")
        listener = config.bind_socket()
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


def ports_of(store: Any) -> Ports:
    clock = FakeClock()
    return Ports(
        directory=store.directory,
        series=store.series,
        raw=store.raw,
        clock=clock,
        entropy=SeededEntropy(3),
        arrivals=Arrivals(clock),
    )


async def _fill(ports: Ports) -> str:
    actor = Actor(via="bench")
    account = await register_account(ports, actor, email="bench@example.org", password_hash="-")
    now_ms = ports.clock.now_ms()
    batches = []
    for place in range(DEVICES):
        device = await create_device(
            ports,
            account.owner_id,
            actor,
            vendor="mclimate",
            model="vicki",
            vendor_id=f"70B3D52DD3{place:06}",
            name=f"Valve {place}",
            is_heard=True,
        )
        batches.append(
            Batch(
                device=device.number,
                times_ms=np.array([now_ms], dtype=np.int64),
                columns={name: np.array([value]) for name, value in READING.items()},
                origin=origin_number(1, OriginKind.DEVICE),
                arrived_ms=ports.arrivals.next_ms(),
            )
        )
    await ports.series.record(batches)
    _, token = await create_key(ports, actor, account, kind=KeyKind.TOKEN, name="bench")
    return token


def _application(ports: Ports) -> ASGIApp:
    async def authenticate(text: str) -> Access:
        return await check_token(ports.directory, text)

    application = Application(
        dialects=[mclimate_dialect(), empty_dialect()],
        ports=ports,
        authenticators={"token": authenticate},
        observers=[lambda entry: None],
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/raw":
            await send_reply(send, 200, [(b"content-length", b"2")], b"{}")
        elif scope["path"] == "/cpu":
            await send_spent(send)
        else:
            await application(scope, receive, send)

    return app


def empty_dialect() -> Dialect:
    """Rows that do nothing, in the other dialect's words."""

    async def nothing(call: Call, params: None) -> dict[str, Any]:
        return {}

    rows = tuple(
        Endpoint(
            operation_id=f"empty{place}",
            path=f"/empty/{place}",
            handler=nothing,
            is_public=place > 0,
            successes=(Success(item=dict),),
        )
        for place in range(EMPTY_ROWS)
    )
    like = mclimate_dialect()
    return Dialect(
        name="empty",
        title="Empty rows",
        version="1",
        prefixes=("/empty",),
        endpoints=rows,
        fault=like.fault,
        fault_shape=like.fault_shape,
    )


async def _in_process(app: ASGIApp, token: str) -> None:
    print(f"in process, processor time, µs a call (median of {ROUNDS} rounds, interleaved)")
    spent: dict[str, list[float]] = {name: [] for name in TARGETS}
    for _ in range(ROUNDS):
        for name, target in TARGETS.items():
            spent[name].append(await _timed(app, target, token))
    for name, rounds in spent.items():
        print(f"  {name:36} {statistics.median(rounds) * 1e6:9.1f}")


async def _timed(app: ASGIApp, target: str, token: str) -> float:
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + token.encode())],
    }
    calls = CALLS.get(path, 2_000 if path != "/v1/controllers" else 50)
    started = time.process_time()
    for _ in range(calls):
        await app(scope, _receive, _send)
    return (time.process_time() - started) / calls


async def _receive() -> Any:
    return {"type": "http.request", "body": b""}


async def _send(message: Any) -> None:
    if message["type"] == "http.response.start" and message["status"] != 200:
        raise AssertionError(f"answered {message['status']}")


@contextlib.contextmanager
def served(module: str, folder: Path) -> Iterator[str]:
    """The address of the module's `serve`, run as a process of its own."""
    command = [sys.executable, "-m", module, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def _loaded(url: str, token: str) -> None:
    print(f"over HTTP, {CONNECTIONS} connections, one worker; processor time of the server")
    empty_us = 0.0
    for name, target in TARGETS.items():
        head = f"GET {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        before_s = spent_s(url)
        load = run(url, [head] * 200_000, CONNECTIONS, LIMIT_S)
        if load.refused:
            raise AssertionError(f"{target}: {load.first_refusal!r}")
        call_us = (spent_s(url) - before_s) / load.answered * 1e6
        if target == "/empty/75":
            empty_us = call_us
        print(
            f"  {name:36} {load.per_second:9,.0f}/s  p99 {load.percentile_ms(0.99):7.1f} ms"
            f"  {call_us:8.1f} µs" + (f"  {empty_us / call_us:6.0%} of an empty row" if empty_us else "")
        )


async def send_spent(send: Send) -> None:
    """Answers with the seconds of processor time that this process has used."""
    spent = str(time.process_time()).encode()
    await send_reply(send, 200, [(b"content-length", str(len(spent)).encode())], spent)


def spent_s(url: str) -> float:
    with urllib.request.urlopen(f"{url}/cpu", timeout=30) as answer:
        return float(answer.read())


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), _application))
