"""Events, people and pictures: found again, listed in order, gone with what they belong to."""

from __future__ import annotations

import random

import pytest

from ownclimate.core.accounts import register_account
from ownclimate.core.erasure import erase_owner
from ownclimate.core.errors import InvalidInput
from ownclimate.core.events import find_event, find_events, hear_event, record_event, subject
from ownclimate.core.ids import DeviceId, OwnerId, SiteId
from ownclimate.core.people import MAX_PEOPLE, Person, note_seen, people_of, set_presence
from ownclimate.core.pictures import find_picture, opens, read_picture, remove_pictures_of, store_picture
from ownclimate.core.sites import create_site, get_site
from ownclimate.core.things import Event, Site
from tests.fakes.households import ACTOR
from tests.unit.core.conftest import PowerCut

OWNER, HOME = OwnerId("0" * 23 + "1"), SiteId("5" * 24)
HALL, PORCH = DeviceId("a" * 24), DeviceId("b" * 24)
DAY_MS = 24 * 3_600_000
JPEG = b"\xff\xd8\xff"


async def record(ports, at_ms: int, device_id: DeviceId | None = HALL, **more) -> Event:
    return await record_event(
        ports, OWNER, kind="movement", at_ms=at_ms, site_id=HOME, device_id=device_id, **more
    )


async def test_listing_is_what_a_plain_sort_of_everything_gives(ports, clock) -> None:
    """Over months, devices and instants that several events share."""
    chance = random.Random(3)
    events = [
        await record(ports, clock.ms - chance.randrange(120) * DAY_MS, chance.choice([HALL, PORCH, None]))
        for _ in range(200)
    ]
    for _ in range(30):
        devices = chance.choice([[HALL], [PORCH, None], [HALL, PORCH, None]])
        before, after = (chance.choice([None, *events]) for _ in range(2))
        limit = chance.randrange(40)

        found = await find_events(
            ports.directory,
            OWNER,
            [subject(HOME, device) for device in devices],
            before=before,
            after=after,
            limit=limit,
        )

        def key(event: Event) -> tuple[int, str]:
            return event.at_ms, event.id

        expected = sorted(
            (
                event
                for event in events
                if event.device_id in devices
                and (before is None or key(event) < key(before))
                and (after is None or key(event) > key(after))
            ),
            key=key,
            reverse=True,
        )
        assert found == expected[:limit]


async def test_no_more_rows_are_read_than_the_answer_may_hold(ports, directory, clock, monkeypatch) -> None:
    for minute in range(500):
        await record(ports, clock.ms - minute * 60_000)
    read = 0
    scan = directory.scan

    async def counting(*place, **how):
        nonlocal read
        rows = await scan(*place, **how)
        read += len(rows)
        return rows

    monkeypatch.setattr(directory, "scan", counting)
    await find_events(directory, OWNER, [subject(HOME, HALL)], limit=10)

    assert read <= 10 + 2, "ten rows, and those that name the months"


async def test_an_event_is_found_by_its_id_in_whatever_month_it_was(ports, clock) -> None:
    old = await record(ports, clock.ms - 800 * DAY_MS, event_id="made-elsewhere")
    await record(ports, clock.ms)

    assert await find_event(ports.directory, OWNER, "made-elsewhere") == old
    assert await find_event(ports.directory, OwnerId("f" * 24), "made-elsewhere") is None
    assert await find_event(ports.directory, OWNER, "never made") is None


@pytest.mark.parametrize("event_id", ["a b", "a/b", "a:b", "a;b", "a\n", "x" * 101])
async def test_an_id_that_could_not_be_found_again_is_refused(ports, clock, event_id: str) -> None:
    with pytest.raises(InvalidInput):
        await record(ports, clock.ms, event_id=event_id)


async def test_an_event_retold_about_somebody_else_is_listed_with_them_only(ports, clock) -> None:
    def of(person: str) -> Event:
        return Event(
            id="e1", site_id=HOME, device_id=HALL, kind="person", at_ms=clock.ms, details={"people": [person]}
        )

    for person in ("ada", "ben"):
        await hear_event(ports, OWNER, "e1", clock.ms, lambda before, person=person: of(person))

    async def listed(person: str) -> list[Event]:
        return await find_events(ports.directory, OWNER, [subject(HOME, HALL, person)], limit=9)

    assert await listed("ada") == []
    assert await listed("ben") == [of("ben")]
    assert await find_events(ports.directory, OWNER, [subject(HOME, HALL)], limit=9) == [of("ben")]


@pytest.mark.parametrize("cut_at", [1, 2, 3, 4])
async def test_a_power_cut_leaves_no_picture_that_removal_does_not_find(
    ports, directory, cut_at: int
) -> None:
    directory.cut_at = cut_at
    try:
        picture = await store_picture(ports, OWNER, HALL, JPEG + b"x" * 1_100_000)
        assert cut_at == 4, "three writes: the month, which device took it, the picture"
        assert await read_picture(directory, picture) == JPEG + b"x" * 1_100_000
    except PowerCut:
        pass
    directory.cut_at = 0
    await remove_pictures_of(ports, OWNER, HALL)

    assert [
        rows for (place, _), rows in directory._tables.items() if place.startswith("picture") and rows
    ] == []


async def test_only_the_device_that_goes_loses_its_pictures(ports) -> None:
    gone, kept = [await store_picture(ports, OWNER, device, JPEG) for device in (HALL, PORCH)]

    assert await remove_pictures_of(ports, OWNER, HALL) == 1

    assert await find_picture(ports.directory, gone.id) is None
    found = await find_picture(ports.directory, kept.id)
    assert found == kept
    assert opens(kept, kept.key)
    assert not opens(kept, gone.key)


async def test_an_erased_owner_leaves_no_event_and_no_picture(ports, directory, clock) -> None:
    """Events may be older than the owner: they were imported."""
    account = await register_account(ports, ACTOR, email="ada@example.org", password_hash="-")
    owner = account.owner_id
    await record_event(ports, owner, kind="smoke", at_ms=clock.ms - 2000 * DAY_MS, site_id=HOME)
    picture = await store_picture(ports, owner, HALL, JPEG)

    await erase_owner(ports, owner)

    assert await find_picture(directory, picture.id) is None
    assert [place for (place, _), rows in directory._tables.items() if owner in place and rows] == []


async def _home(ports) -> Site:
    return await create_site(ports, OWNER, ACTOR, name="Mill")


async def test_who_was_seen_is_at_home_until_somebody_says_otherwise(ports, clock) -> None:
    site = await _home(ports)
    await note_seen(ports, OWNER, ACTOR, site, {"ada": "Ada", "face-9": ""}, clock.ms)
    clock.advance(60)
    seen = await get_site(ports.directory, OWNER, site.id)
    events = await set_presence(ports, OWNER, ACTOR, seen, ["ada"], is_away=True)

    ada, face = people_of(await get_site(ports.directory, OWNER, site.id))
    assert ada == Person(id="ada", name="Ada", is_away=True, last_seen_ms=clock.ms - 60_000)
    assert (face.name, face.is_away) == ("", False)
    assert [(event.kind, event.details) for event in events] == [("person_away", {"people": ["ada"]})]


async def test_an_older_sighting_moves_nobody(ports, clock) -> None:
    site = await _home(ports)
    await note_seen(ports, OWNER, ACTOR, site, {"ada": "Ada"}, clock.ms)
    await note_seen(ports, OWNER, ACTOR, site, {"ada": ""}, clock.ms - DAY_MS)

    (ada,) = people_of(await get_site(ports.directory, OWNER, site.id))
    assert (ada.name, ada.last_seen_ms) == ("Ada", clock.ms)


async def test_a_stranger_cannot_be_sent_away_and_a_site_does_not_fill_up(ports, clock) -> None:
    site = await _home(ports)
    with pytest.raises(InvalidInput):
        await set_presence(ports, OWNER, ACTOR, site, ["nobody"], is_away=True)
    with pytest.raises(InvalidInput):
        crowd = {f"face-{number}": "" for number in range(MAX_PEOPLE + 1)}
        await note_seen(ports, OWNER, ACTOR, site, crowd, clock.ms)

    assert people_of(await get_site(ports.directory, OWNER, site.id)) == ()
