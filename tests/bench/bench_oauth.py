"""Tokens: how many a second of each grant, durably, and what checking one costs.

In this process, over LMDB, through the dispatcher: every issue is an HTTP request without the socket,
answered once it is on disk. Baseline: an empty row behind the same dispatcher. Passwords are compared
without hashing, which is bounded elsewhere and on purpose (`oauth.passwords`). Microseconds are of
processor time, which neighbours on the machine disturb least.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvloop

from ownclimate.core.access import Permission
from ownclimate.core.things import Account
from ownclimate.oauth.keys import KeyKind, create_key
from ownclimate.oauth.tokens import check
from ownclimate.store.lmdb import open_store
from ownclimate.web.call import Call
from ownclimate.web.dispatch import Application
from ownclimate.web.tables import Dialect, Endpoint, Success
from tests.contract.oauth.world import REDIRECT, App, World
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, memory_ports

AT_ONCE = 64
COUNT = 1_500
CHECKS = 20_000
ROUNDS = 5
BUDGET_US = 15
AUDIENCE = "https://api.sb.ecobee.com"

Post = Callable[[str, dict[str, Any]], Awaitable[bytes]]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        uvloop.run(_bench(Path(folder)))


async def _bench(folder: Path) -> None:
    clock, entropy = FakeClock(), SeededEntropy(1)
    async with open_store(folder, clock=clock, entropy=entropy) as store:
        world = World.over(store.directory, clock, entropy)
        world.sign_ins_left = 1_000_000
        anna = await world.person("anna")
        await _issue(world, anna)
        await _check(world, anna)


async def _issue(world: World, anna: Account) -> None:
    post = _asgi(world.application)
    print(f"{'issue, durable':<44}{'1 at a time':>14}{f'{AT_ONCE} at once':>14}{'µs each':>10}")
    await _line("empty row (baseline)", _empty(), [("/empty", {})] * COUNT)
    for dialect in ("standard", "netatmo", "mclimate"):
        app = await world.app(anna, dialect, may_use_passwords=True)
        codes = [await world.code(app, anna) for _ in range(COUNT)]
        exchange = {**app.credentials, "grant_type": "authorization_code", "redirect_uri": REDIRECT}
        await _line(f"{dialect}: code", post, [(_door(dialect), exchange | {"code": c}) for c in codes])
        refreshes = [
            (_door(dialect), {**app.credentials, "grant_type": "refresh_token", "refresh_token": text})
            for text in await _refresh_tokens(world, app, anna, COUNT)
        ]
        await _line(f"{dialect}: refresh", post, refreshes)
        login = {"username": anna.email, "password": "password of anna", "grant_type": "password"}
        await _line(
            f"{dialect}: password, without hashing", post, [(_door(dialect), app.credentials | login)] * COUNT
        )
    machine = await world.app(anna)
    own = {**machine.credentials, "grant_type": "client_credentials"}
    await _line("standard: client credentials", post, [("/oauth2/token", own)] * COUNT)
    company = await world.app(anna, "smartbuildings")
    jwt = {**company.credentials, "grant_type": "client_credentials", "audience": AUDIENCE}
    await _line("smartbuildings: client credentials, RS256", post, [("/token", jwt)] * COUNT)


def _door(dialect: str) -> str:
    return "/v1/token" if dialect == "mclimate" else "/oauth2/token"


async def _refresh_tokens(world: World, app: App, account: Account, count: int) -> list[str]:
    pairs = [await world.pair(app, account) for _ in range(count // 10)]
    # Ten times each: a refresh token that stays is used again, another is answered from the grace.
    return [pair["refresh_token"] for pair in pairs] * (10 if app.client.dialect == "mclimate" else 1)


async def _line(name: str, post: Post, requests: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """One at a time for a tenth of the requests, then the rest at once."""
    few = len(requests) // 10
    started = time.perf_counter()
    for path, members in requests[:few]:
        await post(path, members)
    alone = few / (time.perf_counter() - started)
    waiting = iter(requests[few:])

    async def worker() -> None:
        for path, members in waiting:
            await post(path, members)

    started, cpu_started = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    count = len(requests) - few
    together = count / (time.perf_counter() - started)
    cpu_us = (time.process_time() - cpu_started) / count * 1e6
    print(f"{name:<44}{alone:>12,.0f}/s{together:>12,.0f}/s{cpu_us:>10,.0f}", flush=True)


def _asgi(application: Application) -> Post:
    async def post(path: str, members: dict[str, Any]) -> bytes:
        body = urlencode(members).encode()
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [
                (b"host", b"climate.test"),
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
        answered: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            answered.append(message)

        await application(scope, receive, send)
        assert answered[0]["status"] == 200, answered
        return bytes(answered[1]["body"])

    return post


def _empty() -> Post:
    async def nothing(call: Call, params: None) -> dict[str, str]:
        return {}

    row = Endpoint(
        operation_id="empty",
        path="/empty",
        methods=("POST",),
        handler=nothing,
        is_public=True,
        successes=(Success(item=dict),),
    )
    dialect = Dialect(
        name="empty",
        title="Empty",
        version="1",
        prefixes=("/empty",),
        endpoints=(row,),
        fault=lambda fault, context: None,  # type: ignore[arg-type, return-value] - never asked
        fault_shape=dict,
    )
    ports = memory_ports(FakeClock(), SeededEntropy(2))
    return _asgi(Application(dialects=(dialect,), ports=ports, authenticators={}))


async def _check(world: World, anna: Account) -> None:
    print(f"\n{'check of a token, scope included':<44}{'µs':>14}   (budget {BUDGET_US})")
    _, personal = await create_key(world.ports, ACTOR, anna, kind=KeyKind.TOKEN, name="bench")
    tokens = {"personal token": personal}
    for dialect in ("standard", "netatmo", "mclimate"):
        app = await world.app(anna, dialect)
        tokens[dialect] = (await world.pair(app, anna))["access_token"]
    company = await world.app(anna, "smartbuildings")
    jwt = {**company.credentials, "grant_type": "client_credentials", "audience": AUDIENCE}
    tokens["smartbuildings (JWT)"] = (await world.post("/token", jwt)).json["access_token"]
    directory, dialects, now_ms = world.ports.directory, world.server.dialects, world.clock.now_ms()

    async def nothing() -> None:
        return None

    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CHECKS):
            await nothing()
        rounds.append((time.process_time() - started) / CHECKS * 1e6)
    print(f"{'empty coroutine (baseline)':<44}{statistics.median(rounds):>14.2f}")
    for name, text in tokens.items():
        rounds = []
        for _ in range(ROUNDS):
            started = time.process_time()
            for _ in range(CHECKS // ROUNDS):
                access = await check(directory, dialects, text, now_ms)
                access.require(Permission.DEVICE_READ)
            rounds.append((time.process_time() - started) / (CHECKS // ROUNDS) * 1e6)
        print(f"{name:<44}{statistics.median(rounds):>14.2f}", flush=True)
