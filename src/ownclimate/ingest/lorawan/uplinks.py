"""An uplink's way in, whichever network server brought it: device, raw archive, readings, settings.

The order is chosen so that a crash between any two steps is repaired by the network server's next
attempt: the device first, then the payload as it came, then the readings, then what the frame says of
the device itself. A redelivery takes up the payload of the first delivery, so it can only complete it.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ownclimate.core.devices import create_device, edit_device, find_device
from ownclimate.core.errors import Conflict
from ownclimate.core.ports import Ports, RawEntry
from ownclimate.core.readings import Batch, OriginKind, OriginNumber, origin_number
from ownclimate.core.record import instant_problem
from ownclimate.core.things import Device, Report
from ownclimate.ingest.keys import HookKey, key_actor
from ownclimate.ingest.lorawan.codecs import Codec, CodecTable, Understood
from ownclimate.ingest.lorawan.fates import confirm_by

LORAWAN: Final = "lorawan"
"""The source under which a device's own reports and its maker's other words are kept."""

UNKNOWN_MODEL: Final = "unknown"
MOST_HINT_WORDS: Final = 12
SAME_MOMENT: Final = 100
"""Entries looked through for one that arrived at a known millisecond: arrivals do not share one."""
SPREADING_FACTORS: Final = range(5, 13)
MAC_ONLY_PORT: Final = 0
"""LoRaWAN 1.0.4 §4.3.2: a frame on port 0 is for the network alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """A device's frame with what its network server knows of it.

    `vendor_id` is the DevEUI, or the server's own name for a device without one; `dev_eui` is empty
    then. `names` are what the server calls the model, the surest first, and `brand` its maker; `hints` are
    texts that people wrote, in which the model may be named. `digest` is the same in every redelivery and
    in nothing else. `received_ms` is the network server's. `radio` are the values of the best gateway, by
    quantity. `address` is what the server needs to be told to send something to the device.
    `network` is what becomes a report of the device: `network_server`, `application`, `spreading_factor`.
    """

    vendor_id: str
    dev_eui: str
    digest: bytes
    payload: bytes
    port: int
    received_ms: int | None
    device_name: str = ""
    brand: str = ""
    names: Sequence[str] = ()
    hints: Sequence[str] = ()
    address: Mapping[str, str] = field(default_factory=dict)
    radio: Mapping[str, float] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    is_simulated: bool = False
    notes: Sequence[str] = ()


ReadUplink = Callable[[bytes], Uplink]
"""The uplink in a network server's envelope."""


async def take_uplink(
    ports: Ports,
    key: HookKey,
    body: bytes,
    read: ReadUplink,
    *,
    kind: str,
    table: CodecTable,
    source_id: str = "",
) -> None:
    """Takes in an envelope that holds an uplink; everything of it is on disk when this returns.

    `source_id` names the connected source by which the device can be answered; empty when none is known.
    Raises InvalidInput when `read` does (nothing is kept), StoreUnavailable (repeat it).
    """
    uplink = read(body)
    device = await _device_of(ports, key, uplink, table)
    codec = None if device is None else codec_of(device, uplink, table)
    understood = understand(codec, uplink)
    entry = RawEntry(
        owner=key.owner_id,
        source=key.id,
        kind=kind,
        received_ms=ports.arrivals.next_ms(),
        payload=body,
        digest=uplink.digest,
        devices=() if device is None else (device.id,),
        note=_note(uplink, codec, understood) if device else "the device is hidden",
    )
    first_ms = await ports.raw.keep(entry)
    if device is None:
        return
    if first_ms != entry.received_ms and (first := await _first_delivery(ports, entry, first_ms)):
        uplink = read(first.payload)
        understood = understand(codec, uplink)
    link = {"source": source_id, **uplink.address} if source_id else {}
    await _store(ports, key, device, codec, uplink, understood, link, first_ms)
    if codec is not None and understood is not None:
        heard_ms = uplink.received_ms or first_ms
        await confirm_by(ports, key.owner_id, device, codec, uplink.payload, heard_ms)


async def keep_event(
    ports: Ports, key: HookKey, body: bytes, *, kind: str, digest: bytes, vendor_id: str, note: str = ""
) -> tuple[Device | None, int]:
    """Keeps an envelope that holds no uplink as it came, under its device when that is known.

    Returns the device, and when the envelope first came.
    """
    device = await find_sender(ports, key, vendor_id)
    entry = RawEntry(
        owner=key.owner_id,
        source=key.id,
        kind=kind,
        received_ms=ports.arrivals.next_ms(),
        payload=body,
        digest=digest,
        devices=() if device is None else (device.id,),
        note=note,
    )
    return device, await ports.raw.keep(entry)


async def _first_delivery(ports: Ports, entry: RawEntry, first_ms: int) -> RawEntry | None:
    """The entry that was kept first; None when it has been removed in the meantime."""
    kept = await ports.raw.scan(entry.owner, entry.source, start_ms=first_ms, limit=SAME_MOMENT)
    return next((other for other in kept if other.digest == entry.digest), None)


async def _device_of(ports: Ports, key: HookKey, uplink: Uplink, table: CodecTable) -> Device | None:
    """The uplink's device, made when it is new; None when its owner has hidden it."""
    device = await find_sender(ports, key, uplink.vendor_id)
    if device is not None:
        return device
    is_foreign = uplink.brand not in ("", table.vendor)
    codec = None if is_foreign else _told_codec(uplink, table)
    try:
        return await create_device(
            ports,
            key.owner_id,
            key_actor(key),
            vendor=uplink.brand if is_foreign else table.vendor,
            model=codec.model if codec else next(iter(uplink.names), UNKNOWN_MODEL),
            vendor_id=uplink.vendor_id,
            serial=uplink.vendor_id,
            mac=uplink.dev_eui,
            name=uplink.device_name,
            abilities=codec.abilities if codec else frozenset(),
            is_heard=True,
        )
    except Conflict:
        # Another delivery made it a moment ago, unless it is hidden: then it does not come back unasked.
        return await find_sender(ports, key, uplink.vendor_id)


async def find_sender(ports: Ports, key: HookKey, vendor_id: str) -> Device | None:
    return await find_device(ports.directory, key.owner_id, vendor_id) if vendor_id else None


def _told_codec(uplink: Uplink, table: CodecTable) -> Codec | None:
    """What the uplink itself tells of its model: the server's name for it, else words about it, else the
    frame."""
    told = (*(table.named(name) for name in uplink.names), *(_hinted(text, table) for text in uplink.hints))
    return next((codec for codec in told if codec is not None), None) or table.recognised(uplink.payload)


def _hinted(text: str, table: CodecTable) -> Codec | None:
    """The model named by the longest run of words in a free text, `MClimate HT Sensor (EU868)` say."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:MOST_HINT_WORDS]
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            codec = table.named("_".join(words[start : start + length]))
            if codec is not None:
                return codec
    return None


def codec_of(device: Device, uplink: Uplink, table: CodecTable) -> Codec | None:
    """By what the device is known to be, which its owner may have said; else by what this uplink tells."""
    if device.vendor != table.vendor:
        return None
    return table.named(device.model) or _told_codec(uplink, table)


def understand(codec: Codec | None, uplink: Uplink) -> Understood | None:
    is_readable = codec is not None and codec.can_read and uplink.port != MAC_ONLY_PORT
    return codec.read(uplink.payload) if codec is not None and is_readable else None


def _note(uplink: Uplink, codec: Codec | None, understood: Understood | None) -> str:
    """Why the raw payload is odd; empty when everything in it was understood."""
    notes = list(uplink.notes)
    if uplink.port == MAC_ONLY_PORT:
        notes.append("port 0: for the network alone")
    elif codec is None or understood is None:
        notes.append(f"no codec for {codec.model if codec else 'this model'}")
    else:
        notes.extend(understood.notes)
        notes.extend(f"implausible {quantity}" for quantity in understood.implausible)
    return "; ".join(notes)


async def _store(
    ports: Ports,
    key: HookKey,
    device: Device,
    codec: Codec | None,
    uplink: Uplink,
    understood: Understood | None,
    link: dict[str, str],
    arrived_ms: int,
) -> None:
    at_ms = sound_instant(uplink.received_ms, arrived_ms)
    latest = (await ports.series.latest([device.number])).get(device.number, {})
    is_newest = all(at_ms >= value.at_ms for value in latest.values())
    kind = OriginKind.SIMULATION if uplink.is_simulated else key.origin
    batches = batches_of(
        device,
        {**uplink.radio, **(understood.values if understood else {})},
        at_ms=at_ms,
        origin=origin_number(key.source_number, kind),
        arrived_ms=arrived_ms,
        payload=uplink.digest,
    )
    if batches:
        await ports.series.record(batches)
    if not is_newest:
        return  # A late frame fills the history; it must not turn the device's settings back.

    def change(known: Device) -> Device:
        news = with_news(known, codec, understood, at_ms)
        return dataclasses.replace(
            news, link=link or known.link, reports=_with_reports(news.reports, uplink.network, at_ms)
        )

    if change(device) != device:
        await edit_device(ports, key.owner_id, key_actor(key), device.id, change, verb="report")


def sound_instant(told_ms: int | None, arrived_ms: int) -> int:
    """When it was, by the network server's clock if that can be true, else by ours."""
    is_sound = told_ms is not None and instant_problem(told_ms, arrived_ms) is None
    return told_ms if told_ms is not None and is_sound else arrived_ms


def batches_of(
    device: Device,
    values: Mapping[str, float],
    *,
    at_ms: int,
    origin: OriginNumber,
    arrived_ms: int,
    payload: bytes,
    generation: int = 0,
) -> list[Batch]:
    """A batch with the values of one instant; none when there are no values that are numbers."""
    numbers = {name: value for name, value in values.items() if math.isfinite(value)}
    if not numbers:
        return []
    batch = Batch(
        device=device.number,
        times_ms=np.array([at_ms], dtype=np.int64),
        columns={name: np.array([value], dtype=np.float64) for name, value in numbers.items()},
        origin=origin,
        arrived_ms=arrived_ms,
        generation=generation,
        payload=payload,
    )
    return [batch]


def with_news(device: Device, codec: Codec | None, understood: Understood | None, at_ms: int) -> Device:
    """The device with what a frame of that instant says of it."""
    changes: dict[str, Any] = {"is_heard": True}
    if codec is not None and device.model == UNKNOWN_MODEL:
        changes.update(model=codec.model, abilities=codec.abilities)
    if understood is not None:
        changes.update(
            settings={**device.settings, **understood.settings},
            reports=_with_reports(device.reports, understood.reports, at_ms),
            firmware=understood.firmware or device.firmware,
            keepalive_s=understood.keepalive_s or device.keepalive_s,
        )
        if understood.kept:
            kept = {**device.kept.get(LORAWAN, {}), **understood.kept}
            changes["kept"] = {**device.kept, LORAWAN: kept}
    return dataclasses.replace(device, **changes)


def _with_reports(said: dict[str, Report], news: Mapping[str, Any], at_ms: int) -> dict[str, Report]:
    """What was said with what is news; the same said again keeps the instant of the first time."""
    return said | {
        name: Report(value=value, at_ms=at_ms, source=LORAWAN)
        for name, value in news.items()
        if name not in said or said[name].value != value
    }


def spreading_factor(value: Any) -> dict[str, int]:
    """The report of it; nothing when the server did not tell, or the frame went out otherwise."""
    return {"spreading_factor": value} if isinstance(value, int) and value in SPREADING_FACTORS else {}


def within(value: Any, *path: str) -> Any:
    """What lies at a path of names in decoded JSON; None where it leads nowhere."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
