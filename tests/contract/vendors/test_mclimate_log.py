"""MClimate's controller_log: a device's readings as a collection."""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import Households, memory_ports
from tests.fakes.http import Answered, Client

HOUR_MS = 3_600_000
PATH = "/v1/controllers/H59SN/controller_log"


@pytest.fixture
async def client(clock: FakeClock, entropy: SeededEntropy) -> Client:
    """Three readings, an hour apart, the last at ten; the middle one without a humidity."""
    households = Households(memory_ports(clock, entropy))
    await households.add("anna")
    device = await households.device("anna", "melissa", "H59SN")
    await households.device("anna", "vicki", "EMPTY")
    await households.record(
        device,
        [clock.now_ms() - HOUR_MS * back for back in (2, 1, 0)],
        {"temperature_c": [21.5, 23.0, 22.25], "humidity_pct": [40, None, 39]},
    )
    return households.client(mclimate_dialect(), token="anna")


def items(answer: Answered) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json["_embedded"]["controller_log"]
    return found


def temperatures(answer: Answered) -> list[float]:
    return [item["temp"] for item in items(answer)]


async def test_a_reading_has_the_types_names_and_its_instant(client: Client, clock: FakeClock) -> None:
    last = items(await client.get(PATH))[-1]

    assert last["id"] == clock.now_ms()
    assert (last["temp"], last["humidity"], last["created"]) == (22.25, 39, "2026-11-21T10:00:00.000Z")


@pytest.mark.parametrize("path", [PATH, "/v1/controller_log/H59SN"])
async def test_both_paths_give_the_same_oldest_first(client: Client, path: str) -> None:
    assert temperatures(await client.get(path)) == [21.5, 23.0, 22.25]


async def test_what_a_reading_lacks_is_left_out(client: Client) -> None:
    assert "humidity" not in items(await client.get(PATH))[1]


async def test_a_readings_own_link_finds_just_it(client: Client) -> None:
    for item in items(await client.get(PATH)):
        assert [found["id"] for found in items(await client.get(item["_links"]["self"]["href"]))] == [
            item["id"]
        ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("created_from=2026-11-21T09:00:00Z", [23.0, 22.25]),
        ("created_to=2026-11-21T09:00:00Z", [21.5]),
        ("created_from=2026-11-21T09:00:00Z&created_to=2026-11-21T10:00:00Z", [23.0]),
        ("created_from=2026-11-21T10:00:00%2B01:00", [23.0, 22.25]),
        ("created_from=2026-11-21T10:00:00+01:00", [23.0, 22.25]),
        ("created_from=2026-11-21T08:59:59.999999Z", [23.0, 22.25]),
        ("created_from=2026-11-21t09:00:00z", [23.0, 22.25]),
        ("created_from=0001-01-01T00:00:00%2B14:00&created_to=9999-12-31T23:59:59Z", [21.5, 23.0, 22.25]),
        ("sort=-created", [22.25, 23.0, 21.5]),
        ("sort=created", [21.5, 23.0, 22.25]),
        ("sort=-temp", [23.0, 22.25, 21.5]),
        ("sort=humidity", [23.0, 22.25, 21.5]),
        ("sort=-humidity", [21.5, 22.25, 23.0]),
        ("temp=23", [23.0]),
        ("humidity=null", [23.0]),
        ("created=2026-11-21T09:00:00Z", [23.0]),
        ("sort=-created&limit=1", [22.25]),
        ("limit=2&page=2", [22.25]),
    ],
)
async def test_readings_are_filtered_sorted_and_paged(client: Client, query: str, found: list[float]) -> None:
    assert temperatures(await client.get(f"{PATH}?{query}")) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("created_from=yesterday", "created_from"),
        ("created_to=2026-11-21", "created_to"),
        ("created_from=2026-11-21T09:00:00", "created_from"),
        ("created_from=", "created_from"),
        ("temperature=21", "temperature"),
        ("temp=warm", "temp"),
        ("temp=2_3", "temp"),
        ("temp=nan", "temp"),
        ("id=1_7", "id"),
        ("sort=foo", "foo"),
        ("fields=foo", "foo"),
        ("limit=1000", "limit"),
    ],
)
async def test_what_a_log_does_not_have_is_400_naming_it(client: Client, query: str, field: str) -> None:
    answer = await client.get(f"{PATH}?{query}")

    assert (answer.status, list(answer.json["validation"])) == (400, [field])


@pytest.mark.parametrize(
    ("model", "quantity", "name", "shown"),
    [
        ("vicki", "open_window", "openWindow", {"true": [True], "0": [False, False], "null": []}),
        ("bobbie", "energy_total_wh", "energy", {"0.3": [0.3], "0": [0], "0.007": [0.007]}),
        ("bobbie", "relay_on", "relay_state", {"1": [1], "0": [0, 0]}),
    ],
)
async def test_a_filter_takes_what_the_log_shows(
    clock: FakeClock, entropy: SeededEntropy, model: str, quantity: str, name: str, shown: dict[str, Any]
) -> None:
    households = Households(memory_ports(clock, entropy))
    await households.add("anna")
    device = await households.device("anna", model, "SHOWN")
    values = [0, 300, 7] if quantity == "energy_total_wh" else [0, 1, 0]
    times = [clock.now_ms() - HOUR_MS * back for back in (2, 1, 0)]
    await households.record(device, times, {quantity: values})
    client = households.client(mclimate_dialect(), token="anna")

    for text, expected in shown.items():
        answer = await client.get(f"/v1/controller_log/SHOWN?{name}={text}")
        found = items(answer) if expected else answer.json["controller_log"]
        assert [item[name] for item in found] == expected, text


async def test_fields_leaves_only_what_was_asked_for_and_the_link(client: Client) -> None:
    found = items(await client.get(f"{PATH}?fields=created,humidity"))

    assert [set(item) for item in found] == [
        {"created", "humidity", "_links"},
        {"created", "_links"},
        {"created", "humidity", "_links"},
    ]


@pytest.mark.parametrize("target", [f"{PATH}?page=2", "/v1/controllers/EMPTY/controller_log"])
async def test_no_readings_are_an_empty_collection(client: Client, target: str) -> None:
    answer = await client.get(target)

    assert (answer.status, answer.json) == (200, {"controller_log": [], "_links": {"self": {"href": target}}})


async def test_paging_links_keep_the_interval(client: Client) -> None:
    query = "created_from=2026-11-21T08:00:00%2B00:00&limit=1&page=2"

    links = (await client.get(f"{PATH}?{query}")).json["_links"]

    assert links["next"]["href"] == f"{PATH}?{query.removesuffix('2')}3"
    assert set(links) == {"self", "first", "last", "next", "prev"}


async def test_the_log_of_an_unknown_controller_is_404(client: Client) -> None:
    answer = await client.get("/v1/controller_log/NOPE")

    assert (answer.status, answer.json["detail"]) == (404, "Controller not found")
