"""What a device says on MQTT, on disk: the device itself, its readings and state, whether it is there.

The order within a message is such that a crash between two steps is repaired when the broker sends it
again: the device first, then the readings, then what is held of the device. All of it may be repeated.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Final

import numpy as np

from ownclimate.core.abilities import abilities_of
from ownclimate.core.devices import checked_vendor_id, create_device, edit_device, find_device
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.liveness import CONNECTION
from ownclimate.core.ports import Ports, RawEntry
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Ability, Device, Report
from ownclimate.ingest.keys import HookKey, key_actor, key_origin
from ownclimate.ingest.readings import device_batch
from ownclimate.ingest.rows import DeviceRows
from ownclimate.links.devices.profiles import Heard, Profile
from ownclimate.links.devices.said import Rows, Said, State
from ownclimate.links.devices.states import AIR_CONDITIONER

REACHABLE: Final = "reachable"
MAX_KEPT_BYTES: Final = 256 * 1024


async def find_or_make(
    ports: Ports, key: HookKey, profile: Profile, name: str, said: Said, *, may_make: bool
) -> Device | None:
    """The owner's device of that name, made when it is new and says something of itself.

    None when it may not be made, or its owner has removed it from sight.
    """
    try:
        device = await find_device(ports.directory, key.owner_id, name)
        if device is not None:
            return device
        checked_vendor_id(name)
    except InvalidInput:
        return None
    about = said.about
    says_something = about or said.rows or said.values or said.state
    if not may_make or not says_something:
        return None
    try:
        return await create_device(
            ports,
            key.owner_id,
            key_actor(key),
            vendor=(about and about.vendor) or profile.maker.vendor,
            model=(about and about.model) or profile.maker.model,
            vendor_id=name,
            serial=name,
            mac=about.mac if about else "",
            name=(about and about.name) or name,
            abilities=_shown(said),
            is_heard=True,
        )
    except Conflict:
        # Another message made it a moment ago, unless it is hidden: then it does not come back unasked.
        return await find_device(ports.directory, key.owner_id, name)


async def take_said(
    ports: Ports,
    key: HookKey,
    device: Device,
    said: Said,
    *,
    link: Mapping[str, str] | None,
    is_retained: bool,
    now_ms: int,
) -> None:
    """Everything the message says of the device but a command's result. `link` is where it stands, None
    when the message does not show that it can be reached there."""
    rows = [said.rows] if said.rows else []
    if said.values:
        rows.append(_row(said.values, now_ms))
    if said.state and said.state.values:
        latest = (await ports.series.latest([device.number])).get(device.number, {})
        if (row := _state_row(said.state, latest, now_ms, is_retained=is_retained)) is not None:
            rows.append(row)
    if rows:
        await _record(ports, key, device, rows)

    def change(known: Device) -> Device:
        return _with_news(known, said, link, now_ms)

    if change(device) != device:
        await edit_device(ports, key.owner_id, key_actor(key), device.id, change, verb="report")


async def keep_raw(
    ports: Ports, key: HookKey, heard: Heard, topic: str, payload: bytes, device: Device | None, note: str
) -> None:
    """Keeps a message that could not be used, or not all of it."""
    digest = hashlib.blake2b(f"{topic}\n".encode() + payload, digest_size=16).digest()
    if len(payload) > MAX_KEPT_BYTES:
        note = f"{note}; only the first {MAX_KEPT_BYTES} of {len(payload)} bytes are kept"
    await ports.raw.keep(
        RawEntry(
            owner=key.owner_id,
            source=key.id,
            kind=f"mqtt.{heard.kind}",
            received_ms=ports.arrivals.next_ms(),
            payload=payload[:MAX_KEPT_BYTES],
            digest=digest,
            devices=() if device is None else (device.id,),
            note=f"{topic}: {note}"[:1000],
        )
    )


async def _record(ports: Ports, key: HookKey, device: Device, rows: list[Rows]) -> None:
    arrived_ms = ports.arrivals.next_ms()
    batches = []
    for part in rows:
        count = len(part.times_ms)
        group = DeviceRows(
            device=device.id, indices=range(count), times_ms=part.times_ms, columns=dict(part.columns)
        )
        batches.append(device_batch(group, device.number, key_origin(key), key.id, arrived_ms))
    await ports.series.record(batches)


def _row(values: Mapping[str, float], at_ms: int) -> Rows:
    return Rows(
        times_ms=np.array([at_ms], dtype=np.int64),
        columns={name: np.array([value], dtype=np.float64) for name, value in values.items()},
    )


def _state_row(
    state: State, latest: Mapping[str, LatestValue], now_ms: int, *, is_retained: bool
) -> Rows | None:
    """A state that the broker had kept without saying since when is news only where it differs."""
    values = state.values
    if is_retained and state.at_ms is None:
        values = {n: v for n, v in values.items() if n not in latest or latest[n].value != v}
    return _row(values, now_ms if state.at_ms is None else state.at_ms) if values else None


def _shown(said: Said, known: frozenset[Ability] = frozenset()) -> frozenset[Ability]:
    """What the message shows that its device can do, which `known` is known of.

    That an air conditioner holds a set-point does not make it a thermostat.
    """
    told = said.about.abilities if said.about else frozenset()
    if said.state and AIR_CONDITIONER in said.state.settings:
        told |= {Ability.AIR_CONDITIONING}
    rows = said.rows.columns if said.rows else ()
    state = said.state.values if said.state else ()
    seen = abilities_of([*said.values, *rows, *state])
    if Ability.AIR_CONDITIONING in known | told:
        seen -= {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT}
    return told | seen


def _with_news(device: Device, said: Said, link: Mapping[str, str] | None, now_ms: int) -> Device:
    settings = {**device.settings, **(said.state.settings if said.state else {})}
    reports = dict(device.reports)
    told = reports.get(REACHABLE)
    if said.is_online is not None and (
        told is None or told.value is not said.is_online or told.source != CONNECTION
    ):
        reports[REACHABLE] = Report(value=said.is_online, at_ms=now_ms, source=CONNECTION)
    about = said.about
    return dataclasses.replace(
        device,
        link=device.link if link is None else dict(link),
        settings=settings,
        reports=reports,
        abilities=device.abilities | _shown(said, device.abilities),
        firmware=(about and about.firmware) or device.firmware,
        mac=device.mac or (about.mac if about else ""),
        keepalive_s=(about and about.keepalive_s) or device.keepalive_s,
    )
