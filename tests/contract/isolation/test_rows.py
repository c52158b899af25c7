"""Every row of every table against a neighbour: what is not yours looks like what never was."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
import pytest

from ownclimate.core.devices import edit_device
from ownclimate.web.tables import Place, Unknown
from tests.contract.isolation.neighbours import (
    FACES,
    ROWS,
    WAYS,
    Row,
    Town,
    owner_documents,
    succeeded,
    told,
    undeclared,
)
from tests.fakes.households import ACTOR
from tests.unit.web.dialects import row as toy_row
from tests.unit.web.dialects import toy

OWNED = [row for row in FACES if row.endpoint.owned]
COLLECTIONS = [row for row in FACES if row.endpoint.unknown is Unknown.COLLECT]
CONDITIONAL = [row for row in FACES if row.endpoint.is_conditional]
PERSONAL = [row for row in CONDITIONAL if row.endpoint.permission is not None]
"""Without a permission a row says the same to everybody."""


@pytest.mark.parametrize("row", WAYS, ids=str)
async def test_a_row_finds_what_is_ones_own_and_tells_nothing_of_a_neighbours(town: Town, row: Row) -> None:
    answer = await town.ask(row, row.ids(town.homes["ada"]))

    assert succeeded(row, answer), answer.body
    _assert_silent(town, answer)


@pytest.mark.parametrize("row", OWNED, ids=str)
async def test_a_neighbours_id_is_answered_like_one_that_never_was(town: Town, row: Row) -> None:
    ada, ben = town.homes["ada"], town.homes["ben"]
    mine, theirs = row.ids(ada), row.ids(ben)
    before = owner_documents(town, "ben")
    for parameter in row.endpoint.owned:
        for named in row.names(parameter)(ben):
            unknown = town.unknown_like(named)
            others = {name: town.unknown_like(text) for name, text in theirs.items()}
            for around, around_unknown in ((mine, mine), (theirs, others)):
                asked = await town.ask(row, {**around, parameter: named})
                never = await town.ask(row, {**around_unknown, parameter: unknown})

                assert not succeeded(row, asked), f"{parameter}={named}: {asked.body!r}"
                ids = (named, unknown, *theirs.values(), *others.values())
                assert told(asked, *ids) == told(never, *ids), f"{parameter}={named}"
    assert owner_documents(town, "ben") == before


@pytest.mark.parametrize("row", COLLECTIONS, ids=str)
async def test_filtering_by_a_neighbours_values_finds_nothing_that_a_made_up_value_does_not(
    town: Town, row: Row
) -> None:
    ada, ben = row.ids(town.homes["ada"]), row.ids(town.homes["ben"])
    own = {_id(item) for item in _items(await town.ask(row, ada, fields=None, limit=100))}
    for item in _items(await town.ask(row, ben, token="ben", fields=None)):
        for field, value in item.items():
            if isinstance(value, (dict, list)) or field.startswith("_"):
                continue
            text = "" if value is None else str(value)
            answer = await town.ask(row, ada, fields=None, **{field: text})

            assert {_id(found) for found in _items(answer)} <= own, f"{field}={text}"
            _assert_silent(town, answer, besides=text)


@pytest.mark.parametrize("row", COLLECTIONS, ids=str)
async def test_no_order_and_no_page_holds_anything_of_a_neighbours(town: Town, row: Row) -> None:
    ids = row.ids(town.homes["ada"])
    items = _items(await town.ask(row, ids, fields=None, limit=100))
    everything = {_id(item) for item in items}
    for field in items[0]:
        for sort in (field, f"-{field}"):
            found: list[object] = []
            for page in range(1, len(items) // 4 + 3):
                answer = await town.ask(row, ids, fields=None, sort=sort, limit=4, page=page)
                _assert_silent(town, answer)
                found += [_id(item) for item in _items(answer)]

            assert set(found) in (everything, set()), f"sort={sort}"


@pytest.mark.parametrize("row", CONDITIONAL, ids=str)
async def test_a_neighbours_changes_change_no_etag(town: Town, row: Row) -> None:
    ids = row.ids(town.homes["ada"])
    etag = (await town.ask(row, ids)).headers["etag"]
    for device in town.homes["ben"].devices.values():
        await edit_device(
            town.households.ports,
            device.owner_id,
            ACTOR,
            device.id,
            lambda current: replace(current, name="Zanzibar again"),
        )
        await town.households.record(device, [town.clock.now_ms()], {"temperature_c": [5.0]})

    assert (await town.ask(row, ids, headers={"if-none-match": etag})).status == 304


@pytest.mark.parametrize("row", PERSONAL, ids=str)
async def test_a_neighbours_etag_is_no_ones_own(town: Town, row: Row) -> None:
    ben = await town.ask(row, row.ids(town.homes["ben"]), token="ben")
    etag = {"if-none-match": ben.headers["etag"]}

    assert (await town.ask(row, row.ids(town.homes["ada"]), headers=etag)).status == 200


async def test_without_a_token_every_id_is_answered_alike(town: Town) -> None:
    """Refused requests change nothing, so one town does for every row."""
    for row in OWNED:
        ben = row.ids(town.homes["ben"])
        unknown = {name: town.unknown_like(text) for name, text in ben.items()}

        asked, never = [await town.ask(row, ids, token="nobody's") for ids in (ben, unknown)]

        ids = (*ben.values(), *unknown.values())
        assert told(asked, *ids) == told(never, *ids), row
        assert asked.status in (401, 403), row


@pytest.mark.parametrize("row", FACES, ids=str)
async def test_a_site_left_out_of_a_grant_is_as_good_as_gone(town: Town, row: Row) -> None:
    ada = town.homes["ada"]
    token = town.narrowed("ada", sites=frozenset({ada.empty.id}))
    ids = row.ids(ada)
    unknown = {name: town.unknown_like(text) for name, text in ids.items()}
    asked, never = [await town.ask(row, given, token=token) for given in (ids, unknown)]

    everything = (*ids.values(), *unknown.values())
    assert told(asked, *everything) == told(never, *everything)
    if not row.endpoint.owned:
        hidden = {device.id for device in ada.devices.values()} | {d.name for d in ada.devices.values()}
        hidden |= {d.vendor_id for d in ada.devices.values()} | {ada.house.id, ada.house.name}
        assert [text for text in hidden if text.encode() in asked.body] == []


@pytest.mark.parametrize("row", OWNED, ids=str)
async def test_a_site_that_was_granted_can_be_reached(town: Town, row: Row) -> None:
    ada = town.homes["ada"]
    token = town.narrowed("ada", sites=frozenset({ada.house.id, ada.building.id, ada.annex.id}))

    assert succeeded(row, await town.ask(row, row.ids(ada), token=token))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_parameter_that_names_a_thing_is_said_to_be_owned(row: Row) -> None:
    # Network servers' own words for their events and for themselves, which name nothing that is kept.
    words = {"doors": {"event", "detail"}, "broker": {"network"}}.get(row.dialect.name, set())

    assert set(undeclared(row.dialect, row.endpoint)) <= words


@pytest.mark.parametrize("name", ["home_id", "serial", "deviceId", "room", "mac"])
def test_a_new_row_that_forgets_to_say_so_is_found_out(name: str) -> None:
    fields = [(name, Annotated[str, Place.QUERY]), ("scale", Annotated[str, Place.QUERY])]
    params = msgspec.defstruct("Params", fields, kw_only=True)

    assert undeclared(toy(), toy_row(params=params)) == [name]
    assert undeclared(toy(), toy_row(params=params, owned=(name,))) == []


def _assert_silent(town: Town, answer: object, besides: str = "") -> None:
    """No text of Ben's is in the answer, the one asked with aside."""
    whole = answer.body + repr(answer.headers).encode()  # type: ignore[attr-defined]
    found = [text for text in town.texts_of("ben") if text.encode() in whole and text not in besides]
    assert found == []


def _id(item: dict[str, object]) -> object:
    """Queued commands have theirs under the name that the vendor's queue has for it."""
    return item["id"] if "id" in item else item["_id"]


def _items(answer: object) -> list[dict[str, object]]:
    """The items of a HAL collection, whatever its name."""
    embedded = answer.json.get("_embedded", {})  # type: ignore[attr-defined]
    return [item for items in embedded.values() for item in items]
