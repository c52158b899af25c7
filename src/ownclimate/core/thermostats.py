"""Relays as thermostats: a relay is switched by the temperature that another device measures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import THERMOSTATS, owner_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Ports, Put
from ownclimate.core.routines import End
from ownclimate.core.writes import Actor, Deed, commit, edit

KIND: Final = "thermostat"
LONGEST_DELTA_C: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermostat:
    """The relay goes on at `target_c` - `delta_c` and below, off at `target_c` and above, and stays as it
    is in between. Without a temperature it does as `without_sensor` says. A relay has one at most."""

    id: DeviceId
    """The relay's."""
    number: int
    sensor_id: DeviceId
    target_c: float
    delta_c: float
    without_sensor: End = End.NOTHING
    is_active: bool = True
    is_told: bool = False
    changed_ms: int = 0
    created_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


def wanted_state(
    thermostat: Thermostat, temperature_c: float | None, target_c: float | None = None
) -> bool | None:
    """Whether the relay is to be on; None to leave it. `temperature_c` None: the sensor is silent.
    `target_c` goes before the thermostat's own."""
    if temperature_c is None:
        return {End.ON: True, End.OFF: False, End.NOTHING: None}[thermostat.without_sensor]
    target_c = thermostat.target_c if target_c is None else target_c
    if temperature_c >= target_c:
        return False
    return True if temperature_c <= target_c - thermostat.delta_c else None


async def create_thermostat(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    relay_id: DeviceId,
    sensor_id: DeviceId,
    target_c: float,
    delta_c: float,
    without_sensor: End = End.NOTHING,
    is_active: bool = True,
    is_told: bool = False,
) -> Thermostat:
    """Raises Conflict when the relay has one already, InvalidInput for a delta that is none."""
    (number,) = await take_numbers(ports, 1)
    now_ms = ports.clock.now_ms()
    thermostat = Thermostat(
        id=relay_id,
        number=number,
        sensor_id=sensor_id,
        target_c=target_c,
        delta_c=delta_c,
        without_sensor=without_sensor,
        is_active=is_active,
        is_told=is_told,
        changed_ms=now_ms,
        created_ms=now_ms,
    )
    _check(thermostat)
    put = Put(table=THERMOSTATS, key=relay_id, body=to_body(thermostat), expect=ABSENT)
    try:
        await commit(ports, owner_id, [put], _deed(actor, "create", relay_id))
    except Conflict as error:
        raise Conflict(KIND, relay_id, "this relay is a thermostat already") from error
    return thermostat


async def edit_thermostat(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    relay_id: DeviceId,
    change: Callable[[Thermostat], Thermostat],
) -> Thermostat:
    """Raises NotFound; InvalidInput for a delta that is none. It is looked at again at once."""
    now_ms = ports.clock.now_ms()

    def changed(before: Thermostat) -> Thermostat:
        after = change(before)
        _check(after)
        return after if after == before else dataclasses.replace(after, changed_ms=now_ms)

    return await edit(ports, owner_id, THERMOSTATS, Thermostat, changed, _deed(actor, "change", relay_id))


async def remove_thermostat(ports: Ports, owner_id: OwnerId, actor: Actor, relay_id: DeviceId) -> None:
    """The relay stays as it is."""
    delete = Delete(table=THERMOSTATS, key=relay_id)
    await commit(ports, owner_id, [delete], _deed(actor, "delete", relay_id))


async def list_thermostats(directory: Directory, owner_id: OwnerId) -> list[Thermostat]:
    """The owner's, in the order in which they were made."""
    documents = await directory.scan(owner_partition(owner_id), THERMOSTATS)
    found = [from_body(Thermostat, document.body) for document in documents]
    return sorted(found, key=lambda thermostat: thermostat.number)


def _check(thermostat: Thermostat) -> None:
    if not 0 <= thermostat.delta_c <= LONGEST_DELTA_C:
        raise InvalidInput("delta", f"expected a number from 0 to {LONGEST_DELTA_C:g}")


def _deed(actor: Actor, verb: str, relay_id: DeviceId) -> Deed:
    return Deed(actor=actor, verb=verb, kind=KIND, object_id=relay_id)
