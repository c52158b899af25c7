"""Pages: how long one takes, beside an empty answer through the same dispatcher.

In this process, over LMDB, without the socket. A household of 3 sites with 40 devices, 5 quantities each.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import uvloop

from ownclimate.core.devices import create_device
from ownclimate.core.readings import Batch, OriginKind, origin_number
from ownclimate.oauth.clients import ClientForm, create_client
from ownclimate.store.lmdb import open_store
from ownclimate.web.asgi import Receive, Scope, Send, send_reply
from ownclimate.web.dispatch import Application
from tests.contract.portal.browser import Browser, Server
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR

SITES, DEVICES, ROUNDS = 3, 40, 300
QUANTITIES = ("temperature_c", "humidity_pct", "co2_ppm", "noise_db", "pressure_sea_hpa")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        uvloop.run(_bench(Path(folder)))


async def _bench(folder: Path) -> None:
    clock, entropy = FakeClock(), SeededEntropy(1)
    async with open_store(folder, clock=clock, entropy=entropy) as store:
        server = Server.over(store.directory, clock, entropy, series=store.series)
        asked = await _furnish(server)
        browser = await server.signed_in("berta")
        owner = await _signed_in(server)
        empty = Browser(Application(dialects=(), ports=server.ports, authenticators={}, mounts={"": _empty}))
        print(f"{'page':<44}{'median ms':>12}{'p99 ms':>10}")
        await _time("an empty answer", empty, "/")
        await _time("sign in", server.browser(), "/sign-in")
        await _time("an unknown path, signed in", browser, "/nowhere")
        await _time("consent, 3 sites", owner, asked)
        await _time("clients", owner, "/clients")
        await _time(f"front page, {DEVICES} devices", owner, "/")


async def _furnish(server: Server) -> str:
    """Things to show; returns the address of a consent page."""
    account = await server.person("anna")
    sites = [await server.site(account, f"Site {number}") for number in range(SITES)]
    for number in range(DEVICES):
        device = await create_device(
            server.ports,
            account.owner_id,
            ACTOR,
            vendor="bench",
            model="sensor",
            vendor_id=str(number),
            site_id=sites[number % SITES],
        )
        batch = Batch(
            device=device.number,
            times_ms=np.array([server.clock.now_ms()], dtype=np.int64),
            columns={name: np.array([20.0]) for name in QUANTITIES},
            origin=origin_number(1, OriginKind.DEVICE),
            arrived_ms=server.ports.arrivals.next_ms(),
        )
        await server.ports.series.record([batch])
    form = ClientForm(name="An app", dialect="mclimate", redirect_uris=("https://a.example/",))
    client, _ = await create_client(server.authorization, ACTOR, account, form)
    return f"/oauth2/authorize?client_id={client.id}"


async def _signed_in(server: Server) -> Browser:
    browser = server.browser()
    await browser.sign_in("anna@example.org")
    return browser


async def _time(name: str, browser: Browser, path: str) -> None:
    took = []
    await browser.get(path, follow=False)  # The first one compiles its template.
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await browser.get(path, follow=False)
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    print(f"{name:<44}{statistics.median(took):>12.3f}{took[int(ROUNDS * 0.99)]:>10.3f}")


async def _empty(scope: Scope, receive: Receive, send: Send) -> None:
    await send_reply(send, 200, [], b"")


if __name__ == "__main__":
    main()
