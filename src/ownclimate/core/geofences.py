"""Geofences: circles around a place; who enters or leaves one has a command given to a device.

Where somebody is is their phone's to know: it says so when the circle is crossed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import DeviceId, OwnerId, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import GEOFENCES, owner_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Ports, Put
from ownclimate.core.writes import Actor, Deed, commit, edit

KIND: Final = "geofence"
LONGEST_RADIUS_M: Final = 100_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What is done on one side of the fence: a command in the words of whoever made the fence, none when
    empty. `is_told`: people are told."""

    command: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Geofence:
    id: str
    number: int
    account_id: str
    """Who made it."""
    device_id: DeviceId
    latitude: float
    longitude: float
    radius_m: float
    is_active: bool = True
    on_enter: Reaction = Reaction()
    on_exit: Reaction = Reaction()
    created_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


async def create_geofence(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    device_id: DeviceId,
    latitude: float,
    longitude: float,
    radius_m: float,
    is_active: bool = True,
    on_enter: Reaction = Reaction(),
    on_exit: Reaction = Reaction(),
) -> Geofence:
    """Raises InvalidInput for a place or a radius that is none."""
    (number,) = await take_numbers(ports, 1)
    geofence = Geofence(
        id=new_id(ports.clock, ports.entropy),
        number=number,
        account_id=actor.account_id,
        device_id=device_id,
        latitude=latitude,
        longitude=longitude,
        radius_m=radius_m,
        is_active=is_active,
        on_enter=on_enter,
        on_exit=on_exit,
        created_ms=ports.clock.now_ms(),
    )
    _check(geofence)
    put = Put(table=GEOFENCES, key=geofence.id, body=to_body(geofence), expect=ABSENT)
    await commit(ports, owner_id, [put], _deed(actor, "create", geofence.id))
    return geofence


async def edit_geofence(
    ports: Ports, owner_id: OwnerId, actor: Actor, geofence_id: str, change: Callable[[Geofence], Geofence]
) -> Geofence:
    """Raises NotFound; InvalidInput for a place or a radius that is none."""

    def checked(before: Geofence) -> Geofence:
        after = change(before)
        _check(after)
        return after

    return await edit(ports, owner_id, GEOFENCES, Geofence, checked, _deed(actor, "change", geofence_id))


async def remove_geofence(ports: Ports, owner_id: OwnerId, actor: Actor, geofence_id: str) -> None:
    delete = Delete(table=GEOFENCES, key=geofence_id)
    await commit(ports, owner_id, [delete], _deed(actor, "delete", geofence_id))


async def list_geofences(directory: Directory, owner_id: OwnerId) -> list[Geofence]:
    """The owner's, in the order in which they were made."""
    documents = await directory.scan(owner_partition(owner_id), GEOFENCES)
    found = [from_body(Geofence, document.body) for document in documents]
    return sorted(found, key=lambda geofence: geofence.number)


def _check(geofence: Geofence) -> None:
    if not -90 <= geofence.latitude <= 90:
        raise InvalidInput("latitude", "expected degrees from -90 to 90")
    if not -180 <= geofence.longitude <= 180:
        raise InvalidInput("longitude", "expected degrees from -180 to 180")
    if not 0 < geofence.radius_m <= LONGEST_RADIUS_M:
        raise InvalidInput("radius", f"expected metres above 0, up to {LONGEST_RADIUS_M:.0f}")


def _deed(actor: Actor, verb: str, geofence_id: str) -> Deed:
    return Deed(actor=actor, verb=verb, kind=KIND, object_id=geofence_id)
