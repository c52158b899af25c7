"""getmeasure against a naive model: every scale, type, zone and span, with gaps and clock changes.

The model walks values one by one with the store suite's own second opinion on buckets; nothing of the
code under test is in it.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ownclimate.core.sites import create_site
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS
from tests.contract.store.series_model import aggregate
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports

EXAMPLES = 2000 if os.environ.get("TEST_FULL") else 60
STATION = "70:ee:50:0a:00:01"

STEPS = {
    "5min": "5min",
    "30min": "30min",
    "1hour": "1h",
    "3hours": "3h",
    "6hours": "6h",
    "1day": "1day",
    "1week": "1week",
    "1month": "1month",
}
HALVES_S = {"5min": 150, "30min": 900, "1hour": 1800, "3hours": 5400, "6hours": 10800}
WALL_HALVES = {"1day": timedelta(hours=12), "1week": timedelta(days=3.5), "1month": timedelta(days=15)}
DAYS = ("1day", "1week", "1month")

PLAIN = {"temperature": "temperature_c", "humidity": "humidity_pct", "co2": "co2_ppm"}
BINNED = {
    "min_temp": ("temperature_c", "min"),
    "max_temp": ("temperature_c", "max"),
    "min_hum": ("humidity_pct", "min"),
    "max_co2": ("co2_ppm", "max"),
}
DATED = {"date_min_temp": ("temperature_c", "min_at"), "date_max_co2": ("co2_ppm", "max_at")}

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe")
BEGINNINGS = (1_774_700_000, 1_792_860_000, 1_795_200_000)
"""2026: the evening before Europe's spring change, before its autumn change, and a plain November."""

Row = dict[str, float]
readings = st.lists(
    st.tuples(
        st.sampled_from([60, 300, 300, 300, 301, 900, 7200, 40_000, 200_000]),
        st.fixed_dictionaries(
            {},
            optional={
                "temperature_c": st.integers(-200, 400).map(lambda v: v / 10),
                "humidity_pct": st.integers(0, 100).map(float),
                "co2_ppm": st.integers(300, 3000).map(float),
            },
        ),
    ),
    max_size=40,
)
queries = st.fixed_dictionaries(
    {
        "scale": st.sampled_from(["max", *STEPS]),
        "types": st.lists(st.sampled_from([*PLAIN, *BINNED, *DATED]), min_size=1, max_size=4),
        "real_time": st.booleans(),
        "limit": st.sampled_from([1, 2, 5, 1024]),
        "begin": st.one_of(st.none(), st.integers(-50_000, 900_000)),
        "end": st.one_of(st.none(), st.just("last"), st.integers(-50_000, 900_000)),
    }
)


def expected(
    rows: dict[int, Row], asked: dict[str, Any], first_s: int, zone: str
) -> dict[int, list[Any]] | None:
    """Stamp → cells; None when the request must be refused."""
    scale = asked["scale"]
    cells = [_cells(rows, kind, scale, zone) for kind in asked["types"]]
    if all(column is None for column in cells):
        return None
    stamps = sorted({stamp for column in cells if column for stamp in column})
    begin = None if asked["begin"] is None else first_s + asked["begin"]
    end = asked["end"]
    limit, newest = asked["limit"], begin is None and end is not None
    if end == "last":
        limit = 1 if newest else limit
    elif end is not None:
        stamps = [stamp for stamp in stamps if stamp <= first_s + end]
    if begin is not None:
        stamps = [stamp for stamp in stamps if stamp >= begin]
    stamps = stamps[-limit:] if newest else stamps[:limit]
    shift = not asked["real_time"] and scale != "max"
    return {
        _middle(stamp, scale, zone) if shift else stamp: [
            None if column is None else column.get(stamp) for column in cells
        ]
        for stamp in stamps
    }


def _cells(rows: dict[int, Row], kind: str, scale: str, zone: str) -> dict[int, float] | None:
    """The type's value at each stamp, None for a type that this scale does not have."""
    if scale == "max":
        quantity = PLAIN.get(kind)
        return quantity and {at_ms // 1000: row[quantity] for at_ms, row in rows.items() if quantity in row}
    if kind in DATED and scale not in DAYS:
        return None
    quantity, function = {**BINNED, **DATED}.get(kind) or (PLAIN[kind], "mean")
    bins = aggregate(rows, quantity, STEPS[scale], zone)
    divisor = 1000 if kind in DATED else 1
    return {start // 1000: found[function] / divisor for start, found in bins.items()}


def _middle(start_s: int, scale: str, zone: str) -> int:
    if scale in HALVES_S:
        return start_s + HALVES_S[scale]
    wall = datetime.fromtimestamp(start_s, ZoneInfo(zone)) + WALL_HALVES[scale]
    return int(wall.timestamp())


def unrolled(runs: list[dict[str, Any]]) -> dict[int, list[Any]]:
    """The rows of runs, after checking that a step is there exactly where it says something."""
    found: dict[int, list[Any]] = {}
    for run in runs:
        assert ("step_time" in run) == (len(run["value"]) > 1)
        for place, row in enumerate(run["value"]):
            stamp = run["beg_time"] + place * run.get("step_time", 0)
            assert stamp not in found
            found[stamp] = row
    assert list(found) == sorted(found)
    return found


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(readings=readings, asked=queries, zone=st.sampled_from(ZONES), first_s=st.sampled_from(BEGINNINGS))
async def test_every_answer_is_the_naive_models(
    readings: list[tuple[int, Row]], asked: dict[str, Any], zone: str, first_s: int
) -> None:
    rows: dict[int, Row] = {}
    at_s = first_s
    for spacing, row in readings:
        at_s += spacing
        if row:
            rows[at_s * 1000] = row
    want = expected(rows, asked, first_s, zone)
    client = await _client_of(rows, zone)
    query = (
        f"device_id={STATION}&scale={asked['scale']}&type={','.join(asked['types'])}&limit={asked['limit']}"
    )
    query += f"&real_time={asked['real_time']}"
    query += "" if asked["begin"] is None else f"&date_begin={first_s + asked['begin']}"
    if asked["end"] is not None:
        query += f"&date_end={'last' if asked['end'] == 'last' else first_s + asked['end']}"

    plain = await client.get(f"/api/getmeasure?{query}&optimize=false")
    optimized = await client.get(f"/api/getmeasure?{query}")

    if want is None:
        assert (plain.status, plain.json["error"]["code"]) == (400, 21)
        return
    if not want:
        assert plain.json["body"] == optimized.json["body"] == []
        return
    got = {int(stamp): row for stamp, row in plain.json["body"].items()}
    assert unrolled(optimized.json["body"]) == got
    assert list(got) == list(want)
    for stamp, row in want.items():
        assert [None if cell is None else pytest.approx(cell, abs=1e-6) for cell in row] == got[stamp]


async def _client_of(rows: dict[int, Row], zone: str) -> Any:
    homes = Households(memory_ports(FakeClock(), SeededEntropy(5)))
    account = await homes.add("ada")
    site = await create_site(homes.ports, account.owner_id, ACTOR, name="Home", time_zone=zone)
    station = await homes.device(
        "ada",
        "NAMain",
        STATION,
        vendor="netatmo",
        site_id=site.id,
        abilities=PRODUCTS["NAMain"].abilities,
        given_aliases={"netatmo": STATION},
    )
    if rows:
        names = sorted({name for row in rows.values() for name in row})
        columns = {name: [row.get(name) for row in rows.values()] for name in names}
        await homes.record(station, list(rows), columns)
    return homes.client(netatmo_dialect(), token="ada")
