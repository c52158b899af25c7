"""What stands before every handler: the bearer token, its scope, its limits. Budget: 15 µs together.

In process, over LMDB, through the dispatcher and beside the empty row; each step's cost is the difference
to the row without it. Below, the counters alone, also with many names.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from ownclimate.authorization import open_authorization
from ownclimate.config import Settings
from ownclimate.core.access import Access, Permission
from ownclimate.core.accounts import register_account
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Arrivals
from ownclimate.data_folder import SystemClock
from ownclimate.oauth.clients import ClientForm, create_client
from ownclimate.oauth.keys import KeyKind, create_key
from ownclimate.oauth.own_tokens import generate_tokens
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.oauth.tokens import check
from ownclimate.store.lmdb import open_store
from ownclimate.vendors.netatmo.face.faults import faults
from ownclimate.web.call import Call
from ownclimate.web.dispatch import Application
from ownclimate.web.limits import Budget, By, Limits, Quota, Window
from ownclimate.web.tables import Dialect, Endpoint, Success
from ownclimate.web.windows import FixedWindows, Limiter, SlidingWindows
from tests.fakes import SeededEntropy
from tests.fakes.households import ACTOR

BUDGET_US = 15.0
CALLS = 4_000
ROUNDS = 9
TAKES = 100_000
NAMES = 10_000
PLENTY = 1_000_000_000
SCOPE = "read_station"
MINUTE = (
    Quota(count=PLENTY, span_s=60, by=By.TOKEN),
    Quota(count=PLENTY, span_s=60, by=By.CLIENT),
)
NETATMOS = tuple(
    Quota(count=PLENTY, span_s=span_s, by=by, window=Window.SLIDING)
    for by in (By.TOKEN, By.CLIENT)
    for span_s in (10, 3600)
)


@dataclass(frozen=True)
class Case:
    """A row to time: under which path, of which dialect, with which credential."""

    name: str
    path: str
    token: str = ""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        uvloop.run(_bench(Path(folder)))
    _counters()


async def _bench(folder: Path) -> None:
    clock, entropy = SystemClock(), SeededEntropy(1)
    async with open_store(folder / "store", clock=clock, entropy=entropy) as store:
        ports = Ports(
            directory=store.directory,
            series=store.series,
            raw=store.raw,
            clock=clock,
            entropy=entropy,
            arrivals=Arrivals(clock),
        )
        server = open_authorization(ports, folder, Settings())
        token, personal = await _tokens(ports, server)
        cases = [
            Case("empty row (baseline)", "/free/public"),
            Case("personal token", "/free/bearer", personal),
            Case("bearer token of a grant", "/free/bearer", token),
            Case("… and scope", "/free/scoped", token),
            Case("… and a minute's two limits", "/minute/scoped", token),
            Case("… and four sliding limits", "/netatmo/scoped", token),
        ]
        spent: dict[Case, list[float]] = {case: [] for case in cases}
        application = _application(ports, server)
        for _ in range(ROUNDS):
            for case in cases:
                spent[case].append(await _timed(application, case))
    empty_us = statistics.median(spent[cases[0]])
    print(f"in process, processor time, µs a call (median of {ROUNDS} rounds, interleaved)")
    for case, rounds in spent.items():
        call_us = statistics.median(rounds)
        print(f"  {case.name:36} {call_us:8.1f}   {call_us - empty_us:+7.1f} (budget {BUDGET_US:g})")


async def _tokens(ports: Ports, server: AuthorizationServer) -> tuple[str, str]:
    """An app's access token and a personal one, of one account."""
    account = await register_account(ports, ACTOR, email="bench@example.org", password_hash="-")
    client, _ = await create_client(server, ACTOR, account, ClientForm(name="Bench", dialect="netatmo"))
    issued = await generate_tokens(
        server,
        ACTOR,
        client,
        account_id=account.id,
        owner_id=account.owner_id,
        scopes=[SCOPE],
        issuer="http://bench",
    )
    _, personal = await create_key(ports, ACTOR, account, kind=KeyKind.TOKEN, name="bench")
    return issued.access_token, personal


def _application(ports: Ports, server: AuthorizationServer) -> Application:
    async def authenticate(text: str) -> Access:
        return await check(ports.directory, server.dialects, text, ports.clock.now_ms())

    return Application(
        dialects=[_dialect(name) for name in ("free", "minute", "netatmo")],
        ports=ports,
        authenticators={"token": authenticate},
        limits=Limits({("minute", "read"): MINUTE, ("netatmo", "read"): NETATMOS}, ports.clock),
    )


def _dialect(name: str) -> Dialect:
    async def nothing(call: Call, params: None) -> dict[str, Any]:
        return {}

    def row(path: str, **more: Any) -> Endpoint:
        return Endpoint(
            operation_id=path,
            path=f"/{name}/{path}",
            handler=nothing,
            successes=(Success(item=dict),),
            **more,
        )

    return Dialect(
        name=name,
        title=name,
        version="1",
        prefixes=(f"/{name}",),
        endpoints=(
            row("public", is_public=True),
            row("bearer"),
            row("scoped", permission=Permission.DEVICE_READ, scopes=(SCOPE,)),
        ),
        fault=faults(),
        fault_shape=dict,
    )


async def _timed(application: Application, case: Case) -> float:
    headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + case.token.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": case.path,
        "raw_path": case.path.encode(),
        "query_string": b"",
        "headers": headers,
    }
    started = time.process_time()
    for _ in range(CALLS):
        await application(scope, _receive, _send)
    return (time.process_time() - started) / CALLS * 1e6


async def _receive() -> Any:
    return {"type": "http.request", "body": b""}


async def _send(message: Any) -> None:
    if message["type"] == "http.response.start" and message["status"] != 200:
        raise AssertionError(f"answered {message['status']}")


def _counters() -> None:
    print(f"counters alone, µs a take (1 name, {NAMES:,} names)")
    makers: Sequence[tuple[str, Callable[[], Limiter]]] = (
        ("fixed window", lambda: FixedWindows(PLENTY, 60)),
        ("sliding window", lambda: SlidingWindows(PLENTY, 10)),
    )
    for name, make in makers:
        print(f"  {name:36} {_takes(make(), 1):8.2f} {_takes(make(), NAMES):8.2f}")
    access = Access(owner_id=_ID, account_id=_ID, client_id="c" * 24, permissions=frozenset())
    for name, quotas in (("budget of a minute's two", MINUTE), ("budget of four sliding ones", NETATMOS)):
        budget = Budget(quotas, SystemClock())
        started = time.process_time()
        for _ in range(TAKES):
            budget.take(access, 1)
        print(f"  {name:36} {(time.process_time() - started) / TAKES * 1e6:8.2f}")


def _takes(limiter: Limiter, names: int) -> float:
    """Processor time of one take; the clock moves a millisecond with every hundred."""
    keys = [f"client {number}" for number in range(names)]
    started = time.process_time()
    for number in range(TAKES):
        limiter.take(keys[number % names], 1, 1_795_255_200_000 + number // 100)
    return (time.process_time() - started) / TAKES * 1e6


_ID: Any = "0" * 24


if __name__ == "__main__":
    main()
