"""Routines: a device is to be so from one minute of the day to another, on some days of the week.

A routine belongs to one device, or to a profile: a set of routines that several devices follow at once.
Where windows overlap, the routine made later counts; one that ends before it begins crosses midnight.
When a window begins and ends is `core.agenda`'s, acting on it `control.timetable`'s.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.ids import DeviceId, OwnerId, RoomId, SiteId, new_id
from ownclimate.core.local_time import DAYS_A_WEEK, MINUTES_A_DAY
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import PROFILES, ROUTINES, owner_partition
from ownclimate.core.ports import ABSENT, Change, Delete, Directory, Ports, Put
from ownclimate.core.things import Device, Room
from ownclimate.core.writes import Actor, Deed, commit, edit

MAX_OF_PROFILE: Final = 200
"""A week in half hours is 336 entries; nobody was seen to use a tenth of that."""


SPACE: Final = "space"
"""The room's setting that names the space it is in."""


class Purpose(Enum):
    """What a routine's target is for: the device itself, or the thermostat that switches it."""

    DEVICE = "device"
    THERMOSTAT = "thermostat"


class End(Enum):
    """What becomes of a device that is switched when the window ends. One that holds a set-point returns
    to the one it had before, whatever this says."""

    NOTHING = "nothing"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """`days` are those on which it begins, from Monday, 0. `target` is a temperature in °C or, for what is
    only switched, 1 and 0. `zone` counts where the device stands at no site that knows its own.

    `revision` grows with each change of what it does, `changed_ms` is when that was.
    """

    id: str
    number: int
    device_id: DeviceId | None = None
    profile_id: str = ""
    days: frozenset[int]
    from_minute: int
    to_minute: int
    target: float
    purpose: Purpose = Purpose.DEVICE
    at_end: End = End.NOTHING
    is_active: bool = True
    is_told: bool = False
    """Whether people are told when it acts."""
    zone: str = ""
    revision: int = 0
    created_ms: int = 0
    changed_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A set of routines and who follows them: devices, each since an instant, as long as the profile counts
    where they stand (see `counts_for`).

    During a boost, which is asked for and lasts `boost_min` minutes, every follower heats to `boost_c`.
    """

    id: str
    number: int
    name: str
    site_id: SiteId | None = None
    floor: str = ""
    space: str = ""
    room_id: RoomId | None = None
    followers: dict[str, int] = field(default_factory=dict)
    boost_min: int = 0
    boost_c: float = 0.0
    boosted_ms: int = 0
    """When the last boost began."""
    is_default: bool = False
    is_editable: bool = True
    created_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a new routine is to do; fields as in `Routine`."""

    days: frozenset[int]
    from_minute: int
    to_minute: int
    target: float
    purpose: Purpose = Purpose.DEVICE
    at_end: End = End.NOTHING
    is_active: bool = True
    is_told: bool = False
    zone: str = ""


async def create_routine(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    plan: Plan,
    *,
    device_id: DeviceId | None = None,
    profile_id: str = "",
) -> Routine:
    """A new routine of a device or of a profile. Raises InvalidInput for times that are none."""
    (routine,) = await _made(ports, [plan], device_id=device_id, profile_id=profile_id)
    put = Put(table=ROUTINES, key=routine.id, body=to_body(routine), expect=ABSENT)
    await commit(ports, owner_id, [put], _deed(actor, "create", "routine", routine.id))
    return routine


async def edit_routine(
    ports: Ports, owner_id: OwnerId, actor: Actor, routine_id: str, change: Callable[[Routine], Routine]
) -> Routine:
    """Raises NotFound; InvalidInput for times that are none. No change leaves no trace."""
    now_ms = ports.clock.now_ms()

    def revised(before: Routine) -> Routine:
        after = change(before)
        check_times(after)
        if _deeds(after) == _deeds(before):
            return after
        return dataclasses.replace(after, revision=before.revision + 1, changed_ms=now_ms)

    deed = _deed(actor, "change", "routine", routine_id)
    return await edit(ports, owner_id, ROUTINES, Routine, revised, deed)


async def remove_routines(ports: Ports, owner_id: OwnerId, actor: Actor, routines: Iterable[Routine]) -> None:
    """A window that holds ends with its routine."""
    for routine in routines:
        delete = Delete(table=ROUTINES, key=routine.id)
        await commit(ports, owner_id, [delete], _deed(actor, "delete", "routine", routine.id))


async def list_routines(directory: Directory, owner_id: OwnerId) -> list[Routine]:
    """The owner's routines in the order in which they were made."""
    documents = await directory.scan(owner_partition(owner_id), ROUTINES)
    routines = [from_body(Routine, document.body) for document in documents]
    return sorted(routines, key=lambda routine: routine.number)


async def create_profile(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    name: str,
    plans: Sequence[Plan] = (),
    site_id: SiteId | None = None,
    floor: str = "",
    space: str = "",
    room_id: RoomId | None = None,
    boost_min: int = 0,
    boost_c: float = 0.0,
    is_default: bool = False,
    is_editable: bool = True,
) -> Profile:
    """A new profile with its routines; nobody follows it yet. Raises InvalidInput for times that are none."""
    if len(plans) > MAX_OF_PROFILE:
        raise InvalidInput("schedules", f"at most {MAX_OF_PROFILE}")
    (number,) = await take_numbers(ports, 1)
    profile = Profile(
        id=new_id(ports.clock, ports.entropy),
        number=number,
        name=name,
        site_id=site_id,
        floor=floor,
        space=space,
        room_id=room_id,
        boost_min=boost_min,
        boost_c=boost_c,
        is_default=is_default,
        is_editable=is_editable,
        created_ms=ports.clock.now_ms(),
    )
    routines = await _made(ports, plans, device_id=None, profile_id=profile.id)
    changes: list[Change] = [
        Put(table=PROFILES, key=profile.id, body=to_body(profile), expect=ABSENT),
        *(Put(table=ROUTINES, key=r.id, body=to_body(r), expect=ABSENT) for r in routines),
    ]
    await commit(ports, owner_id, changes, _deed(actor, "create", "profile", profile.id))
    return profile


async def edit_profile(
    ports: Ports, owner_id: OwnerId, actor: Actor, profile_id: str, change: Callable[[Profile], Profile]
) -> Profile:
    """Raises NotFound. A change that changes nothing leaves no trace."""
    deed = _deed(actor, "change", "profile", profile_id)
    return await edit(ports, owner_id, PROFILES, Profile, change, deed)


async def remove_profile(ports: Ports, owner_id: OwnerId, actor: Actor, profile: Profile) -> None:
    """Removes it with its routines."""
    routines = await list_routines(ports.directory, owner_id)
    changes: list[Change] = [
        Delete(table=PROFILES, key=profile.id),
        *(Delete(table=ROUTINES, key=r.id) for r in routines if r.profile_id == profile.id),
    ]
    await commit(ports, owner_id, changes, _deed(actor, "delete", "profile", profile.id))


async def list_profiles(directory: Directory, owner_id: OwnerId) -> list[Profile]:
    """The owner's profiles in the order in which they were made."""
    documents = await directory.scan(owner_partition(owner_id), PROFILES)
    profiles = [from_body(Profile, document.body) for document in documents]
    return sorted(profiles, key=lambda profile: profile.number)


async def find_profile(directory: Directory, owner_id: OwnerId, profile_id: str) -> Profile:
    """Raises NotFound."""
    document = await directory.find(owner_partition(owner_id), PROFILES, profile_id)
    if document is None:
        raise NotFound("profile", profile_id)
    return from_body(Profile, document.body)


def counts_for(profile: Profile, device: Device, room: Room | None) -> bool:
    """Whether the device, in its room, stands where the profile counts: at its site, on its floor, in its
    space (which rooms name in their settings), in its room. What the profile leaves open is anywhere."""
    return (
        profile.site_id in (None, device.site_id)
        and profile.room_id in (None, device.room_id)
        and (not profile.floor or (room is not None and room.floor == profile.floor))
        and (not profile.space or (room is not None and room.settings.get(SPACE) == profile.space))
    )


def check_times(times: Routine | Plan) -> None:
    """Raises InvalidInput naming what cannot be a time or a day."""
    if not times.days or not times.days <= set(range(DAYS_A_WEEK)):
        raise InvalidInput("days", "expected at least one day of the week")
    if not 0 <= times.from_minute < MINUTES_A_DAY:
        raise InvalidInput("from_time", f"expected a minute from 0 to {MINUTES_A_DAY - 1}")
    if not 0 <= times.to_minute <= MINUTES_A_DAY:
        raise InvalidInput("to_time", f"expected a minute from 0 to {MINUTES_A_DAY}")
    if times.to_minute == times.from_minute:
        raise InvalidInput("to_time", "expected another minute than that at which it begins")


async def _made(
    ports: Ports, plans: Sequence[Plan], *, device_id: DeviceId | None, profile_id: str
) -> list[Routine]:
    for plan in plans:
        check_times(plan)
    numbers = await take_numbers(ports, len(plans)) if plans else ()
    now_ms = ports.clock.now_ms()
    return [
        Routine(
            id=new_id(ports.clock, ports.entropy),
            number=number,
            device_id=device_id,
            profile_id=profile_id,
            created_ms=now_ms,
            changed_ms=now_ms,
            **{item.name: getattr(plan, item.name) for item in dataclasses.fields(plan)},
        )
        for number, plan in zip(numbers, plans, strict=True)
    ]


def _deeds(routine: Routine) -> Routine:
    """The routine without what changes nothing about what it does."""
    return dataclasses.replace(routine, is_told=False, revision=0, changed_ms=0)


def _deed(actor: Actor, verb: str, kind: str, object_id: str) -> Deed:
    return Deed(actor=actor, verb=verb, kind=kind, object_id=object_id)
