"""What docs/doors.md shows works as shown."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from ownclimate.core.writes import Actor
from ownclimate.ingest.csv import import_csv
from ownclimate.vendors.mclimate.codecs import models
from ownclimate.vendors.mclimate.codecs.meanings import QUANTITY_FIELDS, STATUS_QUANTITIES
from tests.unit.ingest.conftest import READINGS, House

DOCS = Path(__file__).parents[3] / "docs"
DOORS = (DOCS / "doors.md").read_text()


@pytest.fixture
async def shed(house: House) -> House:
    first = {"readings": [{"device": "shed", "at": "2026-11-20T00:00:00Z", "temperature_c": 1}]}
    await house.post(f"{READINGS}?device_model=generic_sensor", first)
    return house


@pytest.mark.parametrize("body", re.findall(r"-d '\n(.*?)'\n", DOORS, re.DOTALL), ids=["rows", "columns"])
async def test_a_shown_call_is_taken(shed: House, body: str) -> None:
    assert (await shed.post(READINGS, body.encode())).json == {"stored": 2, "unchanged": 0}


async def test_the_shown_csv_is_taken(shed: House) -> None:
    (text,) = re.findall(r"```csv\n(.*?)```", DOORS, re.DOTALL)

    report = await import_csv(shed.ports, shed.key.owner_id, Actor(), io.BytesIO(text.encode()))

    assert (report.stored, report.bad_rows) == (2, [])


async def test_the_shown_refusal_is_what_comes(shed: House) -> None:
    rows = [{"device": "shed", "at": 1_795_255_200_000}] * 2
    rows[1] = {**rows[1], "temperature_c": "21,4"}

    answer = await shed.post(READINGS, {"readings": rows})

    (shown,) = re.findall(r"```json\n(.*?)```", DOORS, re.DOTALL)
    request_id = answer.json["request_id"]
    assert "".join(shown.split()) == "".join(answer.body.decode().replace(request_id, "…").split())


def test_the_models_that_can_be_read_are_named() -> None:
    (named,) = re.findall(r"can be read: (.*?)\.", (DOCS / "lorawan.md").read_text(), re.DOTALL)

    assert tuple(re.findall(r"`(\w+)`", named)) == models()


def test_every_quantity_that_a_frame_brings_is_in_the_table() -> None:
    table = (DOCS / "lorawan.md").read_text()
    brought = {*QUANTITY_FIELDS, *STATUS_QUANTITIES.values()}

    assert {name for name in brought if f"`{name}`" not in table} == set()
