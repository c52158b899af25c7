"""Taking in a call of readings: from the body of a request to rows on disk."""

from __future__ import annotations

import asyncio
import hashlib

from ownclimate.core.abilities import abilities_of
from ownclimate.core.devices import checked_vendor_id, create_device, find_device_number
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Batch, OriginNumber, Recorded
from ownclimate.ingest.keys import HookKey, key_actor, key_origin
from ownclimate.ingest.rows import BadRows, DeviceRows, Parsed, parse_body

GENERIC_VENDOR = "generic"
"""The maker of devices that nobody but their owner's script knows."""

BODY_ON_LOOP_BYTES = 128 * 1024
"""A longer body is parsed in a thread: below, that takes less than 2 ms and a thread would cost more."""


async def take_readings(ports: Ports, key: HookKey, body: bytes, device_model: str = "") -> Recorded:
    """Records a call's readings; on disk when it returns. Repeating the call changes nothing.

    `device_model` names the model of devices to be made on first sight; empty refuses unknown ones.
    Raises BadRows (nothing was stored), TooManyRows, InvalidInput for a body that cannot be read,
    StoreUnavailable (repeat the call: a part of it may have been stored).
    """
    now_ms = ports.clock.now_ms()
    if len(body) <= BODY_ON_LOOP_BYTES:
        parsed = parse_body(body, now_ms)
    else:
        parsed = await asyncio.to_thread(parse_body, body, now_ms)
    numbers = await _device_numbers(ports, key, parsed, device_model.strip())
    arrived_ms = ports.arrivals.next_ms()
    batches = [
        device_batch(group, numbers[group.device], key_origin(key), key.id, arrived_ms)
        for group in parsed.groups
        if group.columns
    ]
    recorded = await ports.series.record(batches) if batches else Recorded(stored=0, unchanged=0)
    return Recorded(stored=recorded.stored, unchanged=parsed.count - recorded.stored)


def device_batch(
    rows: DeviceRows, device: DeviceNumber, origin: OriginNumber, sender: str, arrived_ms: int
) -> Batch:
    """The rows as a batch that names its payload: the same rows of the same sender are the same payload."""
    content = [sender.encode(), rows.times_ms.tobytes()]
    for name in sorted(rows.columns):
        content += (name.encode(), rows.columns[name].tobytes())
    return Batch(
        device=device,
        times_ms=rows.times_ms,
        columns=rows.columns,
        origin=origin,
        arrived_ms=arrived_ms,
        payload=hashlib.blake2b(b"".join(content), digest_size=16).digest(),
    )


async def _device_numbers(
    ports: Ports, key: HookKey, parsed: Parsed, device_model: str
) -> dict[str, DeviceNumber]:
    """Numbers by the sender's names. Makes devices only when every row of the call can be taken."""
    numbers: dict[str, DeviceNumber] = {}
    unknown: list[DeviceRows] = []
    for group in parsed.groups:
        number = await _find_number(ports, key, group.device)
        if number is None:
            unknown.append(group)
        else:
            numbers[group.device] = number
    problems = dict(parsed.problems)
    for group in unknown:
        if reason := _obstacle(group.device, device_model):
            problems.update(dict.fromkeys(group.indices, reason))
    if problems:
        raise BadRows(problems)
    for group in unknown:
        numbers[group.device] = await _make_device(ports, key, group, device_model)
    return numbers


def _obstacle(name: str, device_model: str) -> str:
    """Why no device of this name can be made; empty when one can."""
    if not device_model:
        return f"unknown device {name[:80]!r}"
    try:
        checked_vendor_id(name)
    except InvalidInput as error:
        return f"device: {error.reason}"
    return ""


async def _find_number(ports: Ports, key: HookKey, text: str) -> DeviceNumber | None:
    try:
        return await find_device_number(ports.directory, key.owner_id, text)
    except InvalidInput:
        # Too long or too odd for an address: no device was ever stored under it.
        return None


async def _make_device(ports: Ports, key: HookKey, rows: DeviceRows, model: str) -> DeviceNumber:
    try:
        device = await create_device(
            ports,
            key.owner_id,
            key_actor(key),
            vendor=GENERIC_VENDOR,
            model=model,
            vendor_id=rows.device,
            serial=rows.device,
            name=rows.device,
            abilities=abilities_of(rows.columns),
            is_heard=True,
        )
    except Conflict as error:
        # Another call made it a moment ago, unless a hidden device still holds the name.
        number = await _find_number(ports, key, rows.device)
        if number is None:
            reason = f"device {rows.device[:80]!r} was removed from sight; show it again or use another id"
            raise BadRows(dict.fromkeys(rows.indices, reason)) from error
        return number
    return device.number
