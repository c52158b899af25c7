"""Collecting from a cloud: how fast without limits, how much of what is allowed, in how much memory.

Two real servers: the demo as Netatmo's cloud with a year of every device, and a household that collects it.
Beside it the same pages asked for by a client that does nothing with them. For memory a cloud in this
process makes up ten years of one station, page by page.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from tests.bench.bench_ingest import _processor_s
from tests.fakes.demo_cloud import (
    DAY_S,
    PAGE_ROWS,
    DemoCloud,
    answers,
    connect,
    histories,
    measures,
    sign_in,
    status_of,
    until_whole,
)
from tests.fakes.server import Server

YEAR_DAYS = 366
UNLIMITED = "1000000/1"
ALLOWED = {
    "netatmo_requests_per_user_10s": 50,
    "netatmo_requests_per_user_hour": 200,
    "netatmo_requests_per_app_10s": 200,
    "netatmo_requests_per_app_hour": 2000,
    "netatmo_burst_s": 2,
    "netatmo_hour_s": 20,
}
WINDOWS = 3
YEARS = 10
STEP_S = 300
STATION = "70:ee:50:be:00:01"
VALUES = [21.5, 640, 45, 1013.2, 36]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        cloud = DemoCloud(Path(folder) / "cloud")
        try:
            _collect_a_year(cloud, Path(folder) / "fast")
            _use_what_is_allowed(cloud, Path(folder) / "limited")
        finally:
            cloud.stop()
        _fill_ten_years(Path(folder) / "long")


def _collect_a_year(folder: DemoCloud, data: Path) -> None:
    cloud = folder.serving()
    source_id = connect(cloud, sign_in(cloud), data, YEAR_DAYS, UNLIMITED)
    with Server.start(data) as ours:
        began_s, before_s = time.monotonic(), _processor_s(ours)
        status = until_whole(data, 1200)
        took_s = time.monotonic() - began_s
        spent_s = _processor_s(ours) - before_s
        pasts = histories(data, source_id)
    calls = answers(cloud)["getmeasure", 200]
    widths = {name: len(asked["type"].split(",")) for name, asked in pasts.items()}
    values = sum(
        history["rows"] * next(width for name, width in widths.items() if name in history["of"])
        for history in status["histories"]
    )
    least = sum(-(-history["rows"] // PAGE_ROWS) for history in status["histories"])
    _say("values without limits", values / took_s, "values/s")
    _say("values of the household's processor time", values / spent_s, "values/s")
    _say("processor time of a page", spent_s / calls * 1000, "ms")
    _say(f"calls for {status['rows']:,} rows, of {least} at least", calls, "calls")
    token = sign_in(cloud)["access_token"]
    begin_s, asked_s = int(time.time()) - YEAR_DAYS * DAY_S, time.monotonic()
    for asked in pasts.values():
        measures(cloud, token, asked, begin_s, int(time.time()))
    _say("a client that keeps nothing (baseline)", values / (time.monotonic() - asked_s), "values/s")


def _use_what_is_allowed(folder: DemoCloud, data: Path) -> None:
    cloud = folder.serving(**ALLOWED)
    connect(cloud, sign_in(cloud), data, YEAR_DAYS, "50/2", "200/20")
    span_s, allowed = ALLOWED["netatmo_hour_s"], ALLOWED["netatmo_requests_per_user_hour"]
    with Server.start(data):
        time.sleep(span_s)
        first, began_s = _answered(cloud), time.monotonic()
        time.sleep(WINDOWS * span_s)
        made, took_s = _answered(cloud) - first, time.monotonic() - began_s
        refused = status_of(data)["refused"]
    share = made / (took_s / span_s * allowed)
    _say("of what is allowed, while years of backlog wait", share * 100, f"%, {refused} calls refused")


def _answered(cloud: Server) -> int:
    return sum(count for (_, status), count in answers(cloud).items() if status == 200)


def _fill_ten_years(data: Path) -> None:
    with _endless_cloud() as url:
        asleep = Server(data, None, url, data)  # type: ignore[arg-type]  # only its address is asked for
        access = {"client_id": "bench", "client_secret": "s", "refresh_token": "r"}
        connect(asleep, access, data, YEARS * 365, UNLIMITED)
        with Server.start(data) as ours:
            began_mib, began_s = _high_water_mib(ours), time.monotonic()
            status = until_whole(data, 1200)
            took_s, mib = time.monotonic() - began_s, _high_water_mib(ours)
    _say(
        f"{status['rows']:,} rows of {YEARS} years in {took_s:.0f} s",
        mib,
        f"MiB at most, {began_mib:.0f} at start",
    )


def _high_water_mib(server: Server) -> float:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


@contextlib.contextmanager
def _endless_cloud() -> Iterator[str]:
    """In a thread: a station whose past is as long as anybody asks."""
    loop, listening, url = asyncio.new_event_loop(), threading.Event(), ""

    async def answer(request: web.Request) -> web.Response:
        method = request.path.rpartition("/")[2]
        now_s = int(time.time())
        if method == "token":
            return web.json_response({"access_token": "a", "refresh_token": "r", "expires_in": DAY_S})
        if method == "getmeasure":
            return web.Response(body=_page(await request.post(), now_s), content_type="application/json")
        devices = [{"_id": STATION, "type": "NAMain"}] if method == "getstationsdata" else []
        body = {"homes": []} if method == "homesdata" else {"devices": devices}
        return web.json_response({"status": "ok", "time_server": now_s, "body": body})

    async def serve() -> None:
        nonlocal url
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        listening.set()

    loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening.wait()
    yield url
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def _page(asked: object, now_s: int) -> bytes:
    assert hasattr(asked, "get")
    end_s = min(int(asked.get("date_end") or now_s), now_s)
    last_s = end_s - end_s % STEP_S
    if "date_begin" in asked:  # type: ignore[operator]  # a form
        first_s = -(-int(asked.get("date_begin")) // STEP_S) * STEP_S
        last_s = min(last_s, first_s + (PAGE_ROWS - 1) * STEP_S)
    else:
        first_s = last_s - (PAGE_ROWS - 1) * STEP_S
    rows = ",".join(f'"{at}":{VALUES}' for at in range(first_s, last_s + 1, STEP_S))
    return f'{{"status":"ok","time_server":{now_s},"body":{{{rows}}}}}'.encode()


def _say(name: str, figure: float, unit: str) -> None:
    print(f"collecting: {name:56} {figure:11,.1f} {unit}", flush=True)


if __name__ == "__main__":
    main()
