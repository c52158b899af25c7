"""MClimate's collections: envelope, empty answer, paging, fields, filters, sort (spec "HAL shapes")."""

from __future__ import annotations

import os
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import Households, memory_ports
from tests.fakes.http import Answered, Client

FULL = bool(os.environ.get("TEST_FULL"))


@pytest.fixture
async def households(clock: FakeClock, entropy: SeededEntropy) -> Households:
    """Anna has five controllers of three types, the second of them online."""
    made = Households(memory_ports(clock, entropy))
    await made.add("anna")
    for place, (model, name) in enumerate(
        [("vicki", "Hall"), ("melissa", "Attic"), ("vicki", "Bath"), ("NAMain", "Attic"), ("vicki", "Den")]
    ):
        clock.advance(60)
        device = await made.device("anna", model, f"SN{place}", name=name)
        if place == 1:
            await made.record(device, [clock.now_ms()], {"temperature_c": [21.0]})
    return made


@pytest.fixture
def client(households: Households) -> Client:
    return households.client(mclimate_dialect(), token="anna")


def serials(answer: Answered) -> list[str]:
    return [item["serial_number"] for item in answer.json["_embedded"]["controller"]]


async def test_a_collection_embeds_its_items_with_total_and_links(client: Client) -> None:
    answer = await client.get("/v1/controllers")

    assert answer.headers["content-type"] == "application/hal+json; charset=utf-8"
    assert set(answer.json) == {"_embedded", "total", "_links"}
    assert answer.json["total"] == 5
    assert answer.json["_links"] == {
        "self": {"href": "/v1/controllers"},
        "first": {"href": "/v1/controllers?page=1"},
        "last": {"href": "/v1/controllers?page=1"},
    }


async def test_every_item_links_to_itself_by_its_serial(client: Client) -> None:
    for item in (await client.get("/v1/controllers")).json["_embedded"]["controller"]:
        own = await client.get(item["_links"]["self"]["href"])
        assert own.json["controller"]["serial_number"] == item["serial_number"]


async def test_without_sort_items_come_by_id(client: Client) -> None:
    assert serials(await client.get("/v1/controllers")) == ["SN0", "SN1", "SN2", "SN3", "SN4"]


@pytest.mark.parametrize("target", ["/v1/controllers?type=none", "/v1/controllers?page=2"])
async def test_nothing_found_is_200_in_the_form_of_an_entity(client: Client, target: str) -> None:
    answer = await client.get(target)

    assert answer.status == 200
    assert answer.body.decode() == f'{{"controller":[],"_links":{{"self":{{"href":"{target}"}}}}}}'


async def test_a_page_holds_thirty_unless_limit_says_otherwise(
    households: Households, client: Client
) -> None:
    for place in range(28):
        await households.device("anna", "vicki", f"X{place}")

    first, second = await client.get("/v1/controllers"), await client.get("/v1/controllers?page=2")

    assert (first.json["total"], second.json["total"]) == (30, 3)
    assert first.json["_links"]["last"]["href"] == "/v1/controllers?page=2"
    assert (await client.get("/v1/controllers?limit=100")).json["total"] == 33


async def test_paging_links_keep_the_other_parameters(client: Client) -> None:
    answer = await client.get("/v1/controllers?page=2&limit=2&sort=%2Bid")

    assert answer.json["_links"] == {
        "self": {"href": "/v1/controllers?page=2&limit=2&sort=%2Bid"},
        "first": {"href": "/v1/controllers?limit=2&sort=%2Bid&page=1"},
        "last": {"href": "/v1/controllers?limit=2&sort=%2Bid&page=3"},
        "next": {"href": "/v1/controllers?limit=2&sort=%2Bid&page=3"},
        "prev": {"href": "/v1/controllers?limit=2&sort=%2Bid&page=1"},
    }


async def test_next_and_prev_are_there_only_where_they_lead(client: Client) -> None:
    first = await client.get("/v1/controllers?limit=2")
    last = await client.get("/v1/controllers?limit=2&page=3")

    assert "prev" not in first.json["_links"]
    assert "next" not in last.json["_links"]


async def test_following_next_visits_every_item_once(client: Client) -> None:
    seen: list[str] = []
    target = "/v1/controllers?limit=2&sort=name"
    while True:
        answer = await client.get(target)
        seen += serials(answer)
        following = answer.json["_links"].get("next")
        if following is None:
            break
        target = following["href"]

    assert seen == ["SN1", "SN3", "SN2", "SN4", "SN0"]


async def test_total_counts_this_page_or_all_as_the_setting_says(households: Households) -> None:
    paged = households.client(mclimate_dialect(), token="anna")
    whole = households.client(mclimate_dialect(total_mode="all"), token="anna")

    assert (await paged.get("/v1/controllers?limit=2")).json["total"] == 2
    assert (await whole.get("/v1/controllers?limit=2")).json["total"] == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=vicki", ["SN0", "SN2", "SN4"]),
        ("type=vicki&name=Bath", ["SN2"]),
        ("type=VICKI", []),
        ("online=1", ["SN1"]),
        ("online=true", ["SN1"]),
        ("online=0", ["SN0", "SN2", "SN3", "SN4"]),
        ("online=False&type=melissa", []),
        ("room_id=null", ["SN0", "SN1", "SN2", "SN3", "SN4"]),
        ("room_id=7", []),
        ("name=null", []),
        ("serial_number=SN3", ["SN3"]),
    ],
)
async def test_filters_match_exactly_and_all_of_them_must(
    client: Client, query: str, found: list[str]
) -> None:
    answer = await client.get(f"/v1/controllers?{query}")

    assert (serials(answer) if found else answer.json["controller"]) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("name", ["SN1", "SN3", "SN2", "SN4", "SN0"]),
        ("+name", ["SN1", "SN3", "SN2", "SN4", "SN0"]),
        ("%2Bname", ["SN1", "SN3", "SN2", "SN4", "SN0"]),
        ("-name", ["SN0", "SN4", "SN2", "SN1", "SN3"]),
        ("-created", ["SN4", "SN3", "SN2", "SN1", "SN0"]),
        ("name,-id", ["SN3", "SN1", "SN2", "SN4", "SN0"]),
        ("type,-name", ["SN3", "SN1", "SN0", "SN4", "SN2"]),
        ("-online", ["SN1", "SN0", "SN2", "SN3", "SN4"]),
        ("room_id", ["SN0", "SN1", "SN2", "SN3", "SN4"]),
    ],
)
async def test_sort_takes_signs_and_several_fields_and_ties_go_by_id(
    client: Client, sort: str, found: list[str]
) -> None:
    assert serials(await client.get(f"/v1/controllers?sort={sort}")) == found


async def test_fields_leaves_only_what_was_asked_for_and_the_links(client: Client) -> None:
    answer = await client.get("/v1/controllers?fields=name,online")

    assert all(set(item) == {"name", "online", "_links"} for item in answer.json["_embedded"]["controller"])


async def test_everything_can_be_combined(client: Client) -> None:
    answer = await client.get("/v1/controllers?type=vicki&sort=-created&fields=serial_number&limit=2")

    assert serials(answer) == ["SN4", "SN2"]
    assert answer.json["_links"]["last"]["href"].endswith("limit=2&page=2")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("foo=bar", "foo"),
        ("type=vicki&foo=bar", "foo"),
        ("fields=name,foo", "foo"),
        ("sort=-foo", "foo"),
        ("controller_log=x", "controller_log"),
        ("sort=controller_log", "controller_log"),
        ("online=maybe", "online"),
        ("room_id=1_7", "room_id"),
        ("room_id=&type=vicki", "room_id"),
        ("id=one", "id"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=", "page"),
    ],
)
async def test_what_the_resource_does_not_have_is_400_naming_it(
    client: Client, query: str, field: str
) -> None:
    answer = await client.get(f"/v1/controllers?{query}")

    assert answer.status == 400
    assert field in answer.json["detail"]
    assert list(answer.json["validation"]) == [field]


async def test_the_reserved_name_of_the_token_is_no_filter(client: Client) -> None:
    assert (await client.get("/v1/controllers?access_token=x")).json["total"] == 5


NAMES = st.sampled_from(
    ["fields", "sort", "limit", "page", "type", "online", "id", "created", "foo", "_links", ""]
)
VALUES = st.one_of(
    st.sampled_from(["1", "0", "-1", "null", "true", "name", "-name,+id", "id,,", ",", "-", "1e9", "9" * 30]),
    st.text(max_size=6),
)


@settings(
    max_examples=400 if FULL else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
async def test_whatever_is_asked_is_answered_or_refused_by_name(
    client: Client, pairs: list[tuple[str, str]]
) -> None:
    for path in ("/v1/controllers", "/v1/controllers/SN1/controller_log", "/v1/controllers/SN1"):
        answer = await client.get(f"{path}?{urlencode(pairs)}")
        assert answer.status in (200, 400)
        assert (answer.status == 400) == ("detail" in answer.json)
