"""Netatmo's methods end to end over HTTP: a year of getmeasure at every scale, and what polling costs.

The store is LMDB: a station with four modules and an air monitor that we hear, a year of five-minute
readings each, and a recorded station and home as an import leaves them. Shares are of processor time
beside an empty row behind the same dispatcher and the same check of tokens.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import uvloop

from ownclimate.core.access import Access
from ownclimate.core.accounts import register_account
from ownclimate.core.devices import create_device
from ownclimate.core.ids import DeviceId
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Batch, OriginKind, origin_number
from ownclimate.core.sites import create_site
from ownclimate.core.things import Account, Place
from ownclimate.core.writes import Actor
from ownclimate.oauth.keys import KeyKind, check_token, create_key
from ownclimate.store.lmdb import open_store
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.measuretypes import SCALES
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS
from ownclimate.web.asgi import ASGIApp, Receive, Scope, Send
from ownclimate.web.dispatch import Application
from tests.bench.bench_web import empty_dialect, ports_of, send_spent, serve, served, spent_s
from tests.bench.load import run
from tests.fakes import FakeClock, SeededEntropy

DAYS = 365
STEP_S = 300
DAY_S = 86_400
PAGE = 1024
ROUNDS = 5
CONNECTIONS = 16
LIMIT_S = 3.0
ACTOR = Actor(via="bench")
DATA = Path(__file__).parents[1] / "data" / "netatmo"
STATION = "70:ee:50:be:00:01"
RECORDED_STATION = "70:ee:50:0a:00:01"
RECORDED_HOME = "5f0000000000000000000001"
TYPES = "temperature,humidity,co2,pressure,noise"
INDOOR_AIR = {
    "temperature_c": (21.0, 2.0, 1),
    "humidity_pct": (45.0, 8.0, 0),
    "co2_ppm": (700.0, 200.0, 0),
    "pressure_sea_hpa": (1013.0, 6.0, 1),
    "noise_db": (38.0, 4.0, 0),
}
"""Mean, spread and decimals of what the station measures."""
DEVICES = {
    STATION: ("NAMain", tuple(INDOOR_AIR)),
    "02:00:00:be:00:02": ("NAModule1", ("temperature_c", "humidity_pct")),
    "03:00:00:be:00:03": ("NAModule4", ("temperature_c", "humidity_pct", "co2_ppm")),
    "05:00:00:be:00:04": ("NAModule3", ("rain_mm",)),
    "06:00:00:be:00:05": ("NAModule2", ("wind_speed_kmh", "wind_direction_deg")),
    "70:ee:50:be:00:06": ("NHC", tuple(INDOOR_AIR)),
}
POLLED = {
    "empty row behind the token check": "/empty/0",
    "getstationsdata, heard here": f"/api/getstationsdata?device_id={STATION}",
    "getstationsdata, imported": f"/api/getstationsdata?device_id={RECORDED_STATION}",
    "gethomecoachsdata": "/api/gethomecoachsdata",
    "homesdata": f"/api/homesdata?home_id={RECORDED_HOME}",
    "homestatus": f"/api/homestatus?home_id={RECORDED_HOME}",
}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        token = uvloop.run(_fill(Path(folder)))
        with served("tests.bench.bench_netatmo", Path(folder)) as url:
            _history(url, token)
            _polling(url, token)


def _application(ports: Ports) -> ASGIApp:
    async def authenticate(text: str) -> Access:
        return await check_token(ports.directory, text)

    application = Application(
        dialects=[netatmo_dialect(), empty_dialect()],
        ports=ports,
        authenticators={"token": authenticate},
        observers=[lambda entry: None],
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/cpu":
            await send_spent(send)
        else:
            await application(scope, receive, send)

    return app


async def _fill(folder: Path) -> str:
    async with open_store(folder, clock=FakeClock(), entropy=SeededEntropy(1)) as store:
        ports = ports_of(store)
        account = await register_account(ports, ACTOR, email="bench@example.org", password_hash="-")
        for name in ("station", "homesdata", "homestatus"):
            await import_payload(ports, account.owner_id, ACTOR, (DATA / f"{name}.json").read_bytes())
        await _stations(ports, account)
        _, token = await create_key(ports, ACTOR, account, kind=KeyKind.TOKEN, name="bench")
    return token


async def _stations(ports: Ports, account: Account) -> None:
    site = await create_site(
        ports,
        account.owner_id,
        ACTOR,
        name="Mill House",
        time_zone="Europe/Berlin",
        place=Place(latitude=50.1, longitude=8.7),
    )
    chance = np.random.default_rng(1)
    station_id: DeviceId | None = None
    for number, (wire_id, (model, quantities)) in enumerate(DEVICES.items()):
        device = await create_device(
            ports,
            account.owner_id,
            ACTOR,
            vendor="netatmo",
            model=model,
            vendor_id=wire_id,
            name=f"Device {number}",
            site_id=site.id,
            parent_id=None if model in ("NAMain", "NHC") else station_id,
            abilities=PRODUCTS[model].abilities,
            given_aliases={"netatmo": wire_id},
            is_heard=True,
        )
        station_id = device.id if model == "NAMain" else station_id
        rows = DAYS * DAY_S // STEP_S
        times_ms = ports.clock.now_ms() - STEP_S * 1000 * np.arange(rows, 0, -1) + 7_000 * number
        columns = {name: _values(chance, name, rows) for name in quantities}
        batch = Batch(
            device=device.number,
            times_ms=times_ms.astype(np.int64),
            columns=columns,
            origin=origin_number(1, OriginKind.DEVICE),
            arrived_ms=ports.arrivals.next_ms(),
        )
        await ports.series.record([batch])


def _values(chance: np.random.Generator, name: str, rows: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    mean, spread, decimals = INDOOR_AIR.get(name, (5.0, 2.0, 0))
    waves = np.sin(np.arange(rows) * (2 * np.pi * STEP_S / DAY_S))
    return np.round(np.abs(mean + spread * (waves + 0.2 * chance.normal(size=rows))), decimals)


def _history(url: str, token: str) -> None:
    print(f"getmeasure of a year, five types, over HTTP (median of {ROUNDS})")
    end_s = FakeClock().now_ms() // 1000
    begin_s = end_s - DAYS * DAY_S
    for scale in SCALES:
        pages, rows, page_ms = 0, 0, []
        started = time.perf_counter()
        stamp = begin_s
        while True:
            before = time.perf_counter()
            body = _measure(url, token, scale, stamp, end_s)
            page_ms.append((time.perf_counter() - before) * 1000)
            pages, rows = pages + 1, rows + len(body)
            if len(body) < PAGE:
                break
            stamp = int(next(reversed(body))) + 1
        whole_s = time.perf_counter() - started
        first = statistics.median(_timed(url, token, scale, begin_s, end_s) for _ in range(ROUNDS))
        print(
            f"  {scale:7} {rows:8,} rows in {pages:4} calls  {whole_s:7.3f} s  first call {first:7.1f} ms"
            f"  median call {statistics.median(page_ms):6.1f} ms"
        )


def _timed(url: str, token: str, scale: str, begin_s: int, end_s: int) -> float:
    started = time.perf_counter()
    _measure(url, token, scale, begin_s, end_s)
    return (time.perf_counter() - started) * 1000


def _measure(url: str, token: str, scale: str, begin_s: int, end_s: int) -> dict[str, Any]:
    asked = {
        "device_id": STATION,
        "scale": scale,
        "type": TYPES,
        "date_begin": begin_s,
        "date_end": end_s,
        "limit": PAGE,
        "optimize": "false",
        "real_time": "true",
    }
    answer = _get(url, f"/api/getmeasure?{urlencode(asked)}", token)
    body = json.loads(answer)["body"]
    return body if isinstance(body, dict) else {}


def _get(url: str, target: str, token: str) -> bytes:
    request = urllib.request.Request(url + target, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: bytes = answer.read()
    return found


def _polling(url: str, token: str) -> None:
    print(f"polling, {CONNECTIONS} connections, one worker; processor time of the server")
    empty_us = 0.0
    for name, target in POLLED.items():
        head = f"GET {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        before_s = spent_s(url)
        load = run(url, [head] * 200_000, CONNECTIONS, LIMIT_S)
        if load.refused:
            raise AssertionError(f"{target}: {load.first_refusal!r}")
        call_us = (spent_s(url) - before_s) / load.answered * 1e6
        empty_us = empty_us or call_us
        print(
            f"  {name:34} {load.per_second:8,.0f}/s  p99 {load.percentile_ms(0.99):7.1f} ms"
            f"  {call_us:8.1f} µs  {call_us / empty_us:5.1f} × an empty row"
        )


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), _application))
