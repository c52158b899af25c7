"""`POST /hooks/readings`: what is taken, what is refused, and what a repetition does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ownclimate.core.errors import OutcomeUnknown, StoreUnavailable
from ownclimate.core.readings import Batch, OriginKind, Recorded, origin_kind
from ownclimate.core.things import Ability
from ownclimate.ingest.rows import MAX_ROWS
from tests.unit.ingest.conftest import NOW, READINGS, House

AT_MS = 1_795_255_200_000
GENERIC = f"{READINGS}?device_model=generic_sensor"


def row(**members: Any) -> dict[str, Any]:
    return {"device": "shed", "at": NOW, **members}


async def known_device(house: House, *names: str) -> None:
    for name in names or ("shed",):
        readings = [{"device": name, "at": "2026-11-20T00:00:00Z", "temperature_c": 1.0}]
        assert (await house.post(GENERIC, {"readings": readings})).status == 200


async def test_rows_come_out_as_they_went_in(house: House) -> None:
    await known_device(house)

    answer = await house.post(READINGS, {"readings": [row(temperature_c=21.4, humidity_pct=45)]})

    assert (answer.status, answer.json) == (200, {"stored": 1, "unchanged": 0})
    assert (await house.rows("shed"))[-1] == {"at": AT_MS, "temperature_c": 21.4, "humidity_pct": 45.0}


async def test_columns_come_out_as_they_went_in(house: House) -> None:
    await known_device(house)
    columns = {
        "device": "shed",
        "at": [AT_MS, AT_MS + 1],
        "temperature_c": [21.4, None],
        "co2_ppm": [400, 401],
    }

    answer = await house.post(READINGS, {"columns": columns})

    assert answer.json == {"stored": 2, "unchanged": 0}
    assert (await house.rows("shed"))[-2:] == [
        {"at": AT_MS, "temperature_c": 21.4, "co2_ppm": 400.0},
        {"at": AT_MS + 1, "co2_ppm": 401.0},
    ]


async def test_a_device_is_found_by_our_id_and_by_any_alias_in_any_case(house: House) -> None:
    await known_device(house)
    device = await house.device("shed")
    names = [device.id, *device.aliases.values(), "SHED"]
    rows = [{"device": name, "at": AT_MS + place, "noise_db": 40} for place, name in enumerate(names)]

    answer = await house.post(READINGS, {"readings": rows})

    assert answer.json == {"stored": len(names), "unchanged": 0}
    assert len(await house.devices()) == 1


async def test_an_absent_value_does_not_overwrite(house: House) -> None:
    await known_device(house)
    await house.post(READINGS, {"readings": [row(temperature_c=21.4, humidity_pct=45)]})

    await house.post(READINGS, {"readings": [row(temperature_c=None, humidity_pct=46)]})

    assert (await house.rows("shed"))[-1] == {"at": AT_MS, "temperature_c": 21.4, "humidity_pct": 46.0}


async def test_a_row_without_any_value_is_taken_and_changes_nothing(house: House) -> None:
    await known_device(house)

    answer = await house.post(READINGS, {"readings": [row(), row(temperature_c=None)]})

    assert answer.json == {"stored": 0, "unchanged": 2}


async def test_true_and_false_are_taken_for_what_says_yes_or_no(house: House) -> None:
    await known_device(house)

    await house.post(READINGS, {"readings": [row(motion=True, open_window=False)]})

    assert (await house.rows("shed"))[-1] == {"at": AT_MS, "motion": 1.0, "open_window": 0.0}


async def test_a_redelivered_call_changes_nothing_even_after_a_correction(house: House) -> None:
    await known_device(house)
    first = {"readings": [row(temperature_c=21.4)]}
    await house.post(READINGS, first)
    await house.post(READINGS, {"readings": [row(temperature_c=19.0)]})

    again = await house.post(READINGS, first)

    assert again.json == {"stored": 0, "unchanged": 1}
    assert (await house.rows("shed"))[-1]["temperature_c"] == 19.0


async def test_a_correction_inside_the_same_millisecond_wins(house: House) -> None:
    await known_device(house)
    for value in (21.4, 19.0, 20.0):
        await house.post(READINGS, {"readings": [row(temperature_c=value)]})

    assert (await house.rows("shed"))[-1]["temperature_c"] == 20.0


async def test_readings_carry_the_origin_of_their_key(house: House) -> None:
    await known_device(house)

    number = (await house.device("shed")).number
    origin = (await house.ports.series.latest([number]))[number]["temperature_c"].origin

    assert (origin >> 2, origin_kind(origin)) == (house.key.source_number, OriginKind.DEVICE)


BAD_CELLS = {
    "an unknown quantity": (row(temperature=1), "temperature: unknown quantity"),
    "an unknown quantity that is null": (row(temperature=None), "temperature: unknown quantity"),
    "text for a number": (row(temperature_c="21,4"), "temperature_c: expected a number"),
    "yes or no for a temperature": (
        row(temperature_c=True),
        "temperature_c: expected a number, not true or false",
    ),
    "a list": (row(temperature_c=[1]), "temperature_c: expected a number"),
    "an integer beyond all floats": (row(temperature_c=10**400), "temperature_c: expected a finite number"),
    "no device": ({"at": NOW}, "device: expected the device's id as text"),
    "a number for the device": (row(device=7), "device: expected the device's id as text"),
    "no instant": ({"device": "shed"}, "at: missing"),
    "an instant without an offset": (row(at="2026-11-21T10:00:00"), "at: expected RFC 3339"),
    "an instant that never was": (row(at="2026-02-30T10:00:00Z"), "at: no such date or time"),
    "an instant in fractions of milliseconds": (row(at=AT_MS + 0.5), "at: expected RFC 3339"),
    "an instant before 1990": (row(at=0), "at: before 1990"),
    "an instant too far ahead": (row(at=AT_MS + 86_400_001), "at: more than 24 hours ahead"),
    "an unknown device": (row(device="attic", temperature_c=1), "unknown device 'attic'"),
    "a device name longer than any": (row(device="x" * 900, temperature_c=1), "unknown device"),
    "no object": (7, "expected an object"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD_CELLS.values(), ids=BAD_CELLS.keys())
async def test_a_bad_row_is_named_and_nothing_of_the_call_is_stored(
    house: House, bad: Any, reason: str
) -> None:
    await known_device(house)
    before = await house.rows("shed")

    answer = await house.post(READINGS, {"readings": [row(noise_db=40), bad, row(at=AT_MS + 1, noise_db=41)]})

    assert answer.status == 400
    (problem,) = answer.json["rows"]
    assert problem["index"] == 1
    assert problem["reason"].startswith(reason)
    assert await house.rows("shed") == before


async def test_every_bad_row_of_a_call_is_named_once(house: House) -> None:
    await known_device(house)
    rows = [row(co2_ppm="x"), row(), row(device="attic"), row(at="now"), row(device="attic", co2_ppm="x")]

    answer = await house.post(READINGS, {"readings": rows})

    assert [problem["index"] for problem in answer.json["rows"]] == [0, 2, 3, 4]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_a_value_that_is_not_finite_is_named(house: House, text: str) -> None:
    await known_device(house)
    body = f'{{"readings":[{{"device":"shed","at":{AT_MS},"temperature_c":{text}}}]}}'

    answer = await house.post(READINGS, body.encode())

    assert answer.json["rows"] == [{"index": 0, "reason": "temperature_c: expected a finite number"}]


async def test_a_bad_place_in_a_column_is_named(house: House) -> None:
    await known_device(house)
    columns = {"device": "shed", "at": [AT_MS, "soon", 5], "temperature_c": [1, 2, "x"]}

    answer = await house.post(READINGS, {"columns": columns})

    assert [problem["index"] for problem in answer.json["rows"]] == [1, 2]


UNREADABLE = {
    "no JSON": b"{",
    "no UTF-8": b'{"readings": ["\xff"]}',
    "a list": b"[]",
    "neither rows nor columns": b"{}",
    "both": b'{"readings": [], "columns": {}}',
    "rows that are no list": b'{"readings": {}}',
    "columns of unequal length": b'{"columns": {"device": "shed", "at": [1, 2], "co2_ppm": [1]}}',
    "an unknown column": b'{"columns": {"device": "shed", "at": [], "co2": []}}',
    "columns without a device": b'{"columns": {"at": []}}',
    "nesting without end": b"[" * 100_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_unreadable_body_is_a_problem_of_its_own(house: House, body: bytes) -> None:
    answer = await house.post(READINGS, body)

    assert (answer.status, answer.json.get("rows")) == (400, None)


@pytest.mark.parametrize("shape", ["rows", "columns"])
async def test_more_rows_than_the_limit_are_too_large(house: House, shape: str) -> None:
    count = MAX_ROWS + 1
    rows = {"readings": [row()] * count}
    columns = {"columns": {"device": "shed", "at": [AT_MS] * count}}

    answer = await house.post(READINGS, rows if shape == "rows" else columns)

    assert answer.status == 413


async def test_as_many_rows_as_the_limit_are_taken(house: House) -> None:
    await known_device(house)
    rows = [{"device": "shed", "at": AT_MS + i, "co2_ppm": i} for i in range(MAX_ROWS)]

    answer = await house.post(READINGS, {"readings": rows})

    assert answer.json == {"stored": MAX_ROWS, "unchanged": 0}


async def test_an_empty_call_is_taken(house: House) -> None:
    assert (await house.post(READINGS, {"readings": []})).json == {"stored": 0, "unchanged": 0}


@pytest.mark.parametrize("credential", ["", "Bearer och_0_0", "Basic YTpi"])
async def test_a_wrong_or_missing_key_is_refused(house: House, credential: str) -> None:
    answer = await house.post(READINGS, {"readings": []}, authorization=credential)

    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_an_unknown_device_is_made_on_first_sight_when_a_model_is_named(house: House) -> None:
    answer = await house.post(GENERIC, {"readings": [row(temperature_c=3.5, battery_v=3.1)]})

    device = await house.device("shed")
    assert answer.json == {"stored": 1, "unchanged": 0}
    assert (device.vendor, device.model, device.vendor_id) == ("generic", "generic_sensor", "shed")
    assert device.abilities == {Ability.TEMPERATURE, Ability.BATTERY}
    assert device.is_heard


async def test_no_device_is_made_by_a_call_with_a_bad_row(house: House) -> None:
    await house.post(GENERIC, {"readings": [row(temperature_c=1), row(temperature_c="x")]})

    assert await house.devices() == []


async def test_names_that_no_device_may_have_are_all_told_and_no_device_is_made(house: House) -> None:
    odd = ["x\0y", "y" * 201, " ", "\N{SNOWMAN}" * 100]
    rows = [row(device=name, temperature_c=1) for name in ["attic", *odd]]

    answer = await house.post(GENERIC, {"readings": rows})

    told = {problem["index"]: problem["reason"] for problem in answer.json["rows"]}
    reason = "device: expected 1 to 200 bytes of printable text"
    assert (answer.status, told) == (400, dict.fromkeys(range(1, 5), reason))
    assert await house.devices() == []


async def test_taking_readings_writes_no_document_of_a_known_device(house: House) -> None:
    await known_device(house)
    before = await house.device("shed")

    await house.post(READINGS, {"readings": [row(temperature_c=1)]})

    assert await house.device("shed") == before


class RefusingSeries:
    """A store that takes nothing now."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        raise self._error


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is full"), OutcomeUnknown("who knows")])
async def test_a_store_that_cannot_take_it_asks_for_a_later_call(house: House, error: Exception) -> None:
    await known_device(house)
    object.__setattr__(house.ports, "series", RefusingSeries(error))

    answer = await house.post(READINGS, {"readings": [row(temperature_c=1)]})

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
