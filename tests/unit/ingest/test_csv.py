"""CSV: good rows go in, bad ones are named by their line, and what is written reads back equal."""

from __future__ import annotations

import io
import math
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.core.errors import InvalidInput
from ownclimate.core.readings import OriginKind, Series, origin_kind
from ownclimate.core.writes import Actor
from ownclimate.ingest import csv as csv_module
from ownclimate.ingest.csv import CSVWriter, import_csv
from ownclimate.ingest.files import FileReport
from tests.unit.ingest.conftest import READINGS, House

NOW_MS = 1_795_255_200_000
EXAMPLES = 3_000 if os.environ.get("TEST_FULL") else 100
HEADER = "device,at,temperature_c,humidity_pct,motion\n"


async def imported(house: House, text: str | bytes, **options: Any) -> FileReport:
    data = text.encode() if isinstance(text, str) else text
    return await import_csv(house.ports, house.key.owner_id, Actor(), io.BytesIO(data), **options)


@pytest.fixture
async def shed(house: House) -> House:
    """A house that knows the device `shed`."""
    readings = [{"device": "shed", "at": "2020-01-01T00:00:00Z", "noise_db": 40}]
    await house.post(f"{READINGS}?device_model=generic_sensor", {"readings": readings})
    return house


async def test_rows_are_recorded_under_the_standing_import(shed: House) -> None:
    report = await imported(shed, HEADER + "shed,2026-11-21T09:00:00Z,21.4,45,1\n")

    number = (await shed.device("shed")).number
    latest = (await shed.ports.series.latest([number]))[number]
    assert (report.stored, report.unchanged, report.bad_count) == (1, 0, 0)
    assert latest["temperature_c"].value == 21.4
    assert origin_kind(latest["temperature_c"].origin) is OriginKind.IMPORT


SPELLINGS = {
    "epoch milliseconds": "shed,1795251600000,21.4,45,1",
    "an offset": "shed,2026-11-21T10:00:00+01:00,21.4,45,1",
    "quotes": '"shed","2026-11-21T09:00:00Z","21.4","45","1"',
    "a word for a flag": "shed,2026-11-21T09:00:00Z,21.4,45,true",
    "blanks": "shed, 2026-11-21T09:00:00Z , 21.4 , 45 ,True ",
    "exponents": "shed,2026-11-21T09:00:00Z,+2.14e1,4.5E+1,1.",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
@pytest.mark.parametrize("row", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_every_usual_spelling_is_understood(shed: House, row: str, mark: str, end: str) -> None:
    report = await imported(shed, mark + (HEADER + row + "\n").replace("\n", end))

    assert report.bad_rows == []
    expected = {"at": 1_795_251_600_000, "temperature_c": 21.4, "humidity_pct": 45.0, "motion": 1.0}
    assert (await shed.rows("shed"))[-1] == expected


async def test_an_empty_cell_is_absent(shed: House) -> None:
    await imported(shed, HEADER + "shed,1795251600000,,45,\n\n")

    assert (await shed.rows("shed"))[-1] == {"at": 1_795_251_600_000, "humidity_pct": 45.0}


BAD_ROWS = {
    "a decimal comma": ('shed,1795251600000,"21,4",45,1', "temperature_c: '21,4' has a decimal comma; write"),
    "a decimal comma without quotes": (
        "shed,1795251600000,21,4,45,1",
        "expected 5 cells, found 6; a decimal",
    ),
    "too few cells": ("shed,1795251600000", "expected 5 cells, found 2"),
    "no device": (",1795251600000,21.4,45,1", "device: empty"),
    "an unknown device": ("attic,1795251600000,21.4,45,1", "unknown device 'attic'"),
    "no instant": ("shed,,21.4,45,1", "at: expected RFC 3339"),
    "an instant before 1990": ("shed,0,21.4,45,1", "at: before 1990"),
    "NaN": ("shed,1795251600000,NaN,45,1", "temperature_c: expected a number, found 'NaN'"),
    "infinity": ("shed,1795251600000,1e999,45,1", "temperature_c: expected a finite number"),
    "a word": ("shed,1795251600000,true,45,1", "temperature_c: expected a number, not true or false"),
    "digits of another script": ("shed,1795251600000,٢١,45,1", "temperature_c: expected a number"),
    "no UTF-8": (b"sh\xe9d,1795251600000,21.4,45,1", "unknown device 'sh\ufffdd'"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
async def test_a_bad_row_is_named_by_its_line_and_the_rest_goes_in(
    shed: House, bad: str | bytes, reason: str
) -> None:
    bad = bad.encode() if isinstance(bad, str) else bad
    before = b'shed,1795251500000,"21.4",45,1\n\n'
    after = b"shed,1795251700000,21.4,45,1\n"

    report = await imported(shed, HEADER.encode() + before + bad + b"\n" + after)

    assert (report.stored, report.bad_count) == (2, 1)
    assert report.bad_rows[0].line == 4
    assert report.bad_rows[0].reason.startswith(reason)


async def test_a_quoted_line_break_does_not_shift_the_lines_after_it(shed: House) -> None:
    rows = '"sh\ned",1795251600000,1,2,1\nshed,0,1,2,1\n'

    report = await imported(shed, HEADER + rows)

    assert [bad.line for bad in report.bad_rows] == [2, 4]


async def test_a_second_import_of_the_same_file_changes_nothing(shed: House) -> None:
    text = HEADER + "".join(f"shed,{NOW_MS + i},{i},45,1\n" for i in range(50))
    await imported(shed, text)

    report = await imported(shed, text)

    assert (report.stored, report.unchanged) == (0, 50)


async def test_a_replay_does_not_undo_a_later_correction(shed: House) -> None:
    first = HEADER + f"shed,{NOW_MS},1,45,1\n"
    await imported(shed, first)
    await imported(shed, HEADER + f"shed,{NOW_MS},0,45,1\n")

    await imported(shed, first)

    assert (await shed.rows("shed"))[-1]["temperature_c"] == 0.0


async def test_a_long_file_goes_in_piece_by_piece(shed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_module, "CHUNK_ROWS", 7)
    text = HEADER + "".join(f"shed,{NOW_MS + i},{'x' if i == 20 else i},45,1\n" for i in range(40))
    seen: list[int] = []

    report = await imported(shed, text, progress=seen.append)

    assert (report.stored, report.unchanged) == (39, 0)
    assert [bad.line for bad in report.bad_rows] == [22]
    assert seen == sorted(seen)
    assert seen[-1] == len(text)
    assert len(seen) == 7


HEADERS = {
    "an empty file": ("", "the file is empty"),
    "no device": ("at,temperature_c\n", "no column 'device'"),
    "no instant": ("device,temperature_c\n", "no column 'at'"),
    "an unknown quantity": ("device,at,temp\n", "unknown quantity 'temp'"),
    "a quantity twice": ("device,at,co2_ppm,co2_ppm\n", "occurs twice"),
    "semicolons": ("device;at;co2_ppm\n", "separated by semicolons"),
}


@pytest.mark.parametrize(("text", "reason"), HEADERS.values(), ids=HEADERS.keys())
async def test_a_header_that_cannot_be_understood_ends_the_import(
    shed: House, text: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        await imported(shed, text + "shed,1795251600000,1\n" if text else text)

    assert len(await shed.rows("shed")) == 1


async def test_what_is_written_reads_back_equal(shed: House) -> None:
    series = Series(
        times_ms=np.array([NOW_MS - 1, NOW_MS], dtype=np.int64),
        columns={
            "temperature_c": np.array([0.1 + 0.2, math.nan]),
            "energy_total_wh": np.array([1e16 + 2, -0.0]),
        },
    )
    out = io.StringIO()

    CSVWriter(out, list(series.columns)).write("shed", series)
    report = await imported(shed, out.getvalue())

    assert out.getvalue().splitlines()[1] == (
        "shed,2026-11-21T09:59:59.999Z,0.30000000000000004,1.0000000000000002e+16"
    )
    assert (report.stored, report.bad_rows) == (2, [])
    back = await shed.series("shed")
    np.testing.assert_array_equal(back.columns["temperature_c"][-2:], series.columns["temperature_c"])
    np.testing.assert_array_equal(back.columns["energy_total_wh"][-2:], series.columns["energy_total_wh"])


cells = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers(-99, 99).map(str),
    st.sampled_from(["", "true", "1e3", ".5", "5.", "1_0", "0x1", "1,5", " 7", "inf"]),
)
records = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]),
        st.one_of(
            st.integers(NOW_MS - 9, NOW_MS).map(str), st.sampled_from(["2026-11-21T09:00:00Z", "x", "-1"])
        ),
        cells,
        cells,
    ).map(list),
    min_size=1,
    max_size=4,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(records)
def test_both_ways_through_a_chunk_agree(rows: list[list[str]]) -> None:
    header = ["device", "at", "temperature_c", "motion"]
    swift = csv_module._swift(header, rows, NOW_MS)
    careful = csv_module._careful(header, [csv_module._Record(0, row) for row in rows], NOW_MS)

    if swift is None:
        return
    assert careful.problems == {}
    assert [group.device for group in swift] == [group.device for group in careful.groups]
    for mine, other in zip(swift, careful.groups, strict=True):
        np.testing.assert_array_equal(mine.times_ms, other.times_ms)
        np.testing.assert_equal(mine.columns, other.columns)
