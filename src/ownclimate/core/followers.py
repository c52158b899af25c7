"""What each device was last asked to hold, and what it was last heard to hold.

Kept so that a device is asked once for each set-point, over restarts too, and so that a knob turned by
hand is told from a device that has not heard us yet. One document for each device and channel.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.climate import Channel
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.partitions import FOLLOWERS, owner_partition
from ownclimate.core.ports import Directory, Ports, Put
from ownclimate.core.writes import write_surely

ROUNDING_C: Final = 0.5
"""Devices that know whole degrees only answer half a degree with the next whole one."""
MAX_EARLIER: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """`occurrence` names the set-point that the device was last asked for, `asked_c` its temperature
    (None for off). `heard_c` is what it said last; once `has_answered`, that was after it was asked.
    `earlier_c` are temperatures that it was asked for before and may still answer."""

    occurrence: str = ""
    asked_c: float | None = None
    heard_c: float | None = None
    has_answered: bool = True
    earlier_c: tuple[float, ...] = ()
    unknown: dict[str, Any] = field(default_factory=dict)


def asked(before: Follower, occurrence: str, temperature_c: float | None) -> Follower:
    earlier = before.earlier_c
    if not before.has_answered and before.asked_c is not None:
        earlier = (*earlier, before.asked_c)[-MAX_EARLIER:]
    return dataclasses.replace(
        before, occurrence=occurrence, asked_c=temperature_c, has_answered=False, earlier_c=earlier
    )


def heard(before: Follower | None, value_c: float) -> tuple[Follower, bool]:
    """After the device said what it holds; and whether a person has set it so.

    A value that it said before tells nothing, and what is near one that it was asked for, said for the
    first time since, is its way of holding that.
    """
    if before is None or before.heard_c is None:
        known = before or Follower()
        return dataclasses.replace(known, heard_c=value_c), False
    if value_c == before.heard_c:
        return before, False
    after = dataclasses.replace(before, heard_c=value_c)
    if not before.has_answered:
        if before.asked_c is None or abs(value_c - before.asked_c) <= ROUNDING_C:
            # Told to be off, devices say what their makers please.
            return dataclasses.replace(after, has_answered=True, earlier_c=()), False
        late = [place for place, c in enumerate(before.earlier_c) if abs(value_c - c) <= ROUNDING_C]
        if late:
            return dataclasses.replace(after, earlier_c=before.earlier_c[late[-1] + 1 :]), False
    is_own = bool(before.occurrence) and value_c == before.asked_c
    return dataclasses.replace(after, has_answered=True, earlier_c=()), not is_own


async def list_followers(directory: Directory, owner_id: OwnerId) -> dict[tuple[DeviceId, Channel], Follower]:
    documents = await directory.scan(owner_partition(owner_id), FOLLOWERS)
    found = {}
    for document in documents:
        device_id, _, channel = document.key.partition(":")
        found[DeviceId(device_id), Channel(channel)] = from_body(Follower, document.body)
    return found


async def find_follower(
    directory: Directory, owner_id: OwnerId, device_id: DeviceId, channel: Channel
) -> Follower | None:
    found = await directory.find(owner_partition(owner_id), FOLLOWERS, _key(device_id, channel))
    return None if found is None else from_body(Follower, found.body)


async def keep_follower(
    ports: Ports, owner_id: OwnerId, device_id: DeviceId, channel: Channel, follower: Follower
) -> None:
    put = Put(table=FOLLOWERS, key=_key(device_id, channel), body=to_body(follower))
    await write_surely(ports, owner_partition(owner_id), [put], of="follower")


def _key(device_id: DeviceId, channel: Channel) -> str:
    return f"{device_id}:{channel.value}"
