"""Correcting a device's model: its frames read again from the raw archive, in place of what was recorded.

What the wrong codec made of a frame outranks nothing any more once the right one's values stand under an
origin of their own and a higher generation; then the wrong ones are deleted, instant by instant, so that
quantities which only the wrong codec saw disappear too. Rows that did not come from frames stay. Cut
short at any point it can be repeated: the next replay outranks and deletes this one's values as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ownclimate.core.devices import edit_device, get_device
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.ids import OwnerId, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import SOURCES, owner_partition
from ownclimate.core.ports import ABSENT, Ports, Put, RawEntry
from ownclimate.core.readings import Batch, Interval, OriginKind, origin_number
from ownclimate.core.things import Device, Source
from ownclimate.core.writes import Actor, Deed, commit
from ownclimate.ingest.instants import find_instant
from ownclimate.ingest.lorawan import chirpstack, things_stack
from ownclimate.ingest.lorawan.codecs import Codec, CodecTable, Understood
from ownclimate.ingest.lorawan.uplinks import (
    LORAWAN,
    Uplink,
    batches_of,
    sound_instant,
    understand,
    with_news,
)

KIND: Final = "replay"
EARLIER: Final = "earlier_model"
PAGE: Final = 500
"""Entries looked at, and frames recorded, at once."""
ROWS_AT_ONCE: Final = 20_000

READERS: Final[Mapping[str, Callable[[bytes], Uplink]]] = {
    things_stack.UPLINK_KIND: things_stack.read_uplink,
    chirpstack.UPLINK_KIND: chirpstack.read_uplink,
}
"""By kind of raw entry what reads the frame in it."""

Progress = Callable[[int], None]
"""Told how many of the device's payloads were read so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """`frames` of the device were found, of which `unread` say nothing to the new codec."""

    device: Device
    frames: int
    unread: int


async def correct_model(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device_id: str,
    model: str,
    table: CodecTable,
    progress: Progress = lambda count: None,
) -> Replayed:
    """The device as one of that model, with its history read anew.

    Raises NotFound; InvalidInput for a model that the table does not know; Unsupported for another
    maker's device.
    """
    device = await get_device(ports.directory, owner_id, device_id)
    codec = table.named(model)
    if codec is None or not codec.can_read:
        raise InvalidInput("model", f"frames of {model!r} cannot be read; see `ownclimate lorawan models`")
    if device.vendor != table.vendor:
        raise Unsupported("replay", f"{device.vendor_id} is no device of {table.vendor}")
    # What the device was taken for is noted before it is forgotten, for whoever has to finish this.
    replays = [*await _replays_of(ports, device), await _note_replay(ports, owner_id, actor, device)]
    names = dict.fromkeys(str(source.settings[EARLIER]) for source in replays)
    wrong = [table.named(name) for name in names]

    def rename(known: Device) -> Device:
        return dataclasses.replace(known, model=codec.model, abilities=codec.abilities)

    # Before anything is read, so that what comes meanwhile is read rightly already.
    device = await edit_device(ports, owner_id, actor, device.id, rename)
    return await _Replay(ports, owner_id, actor, device, codec, wrong, replays, progress).run()


@dataclass(slots=True)
class _Replay:
    ports: Ports
    owner_id: OwnerId
    actor: Actor
    device: Device
    codec: Codec
    wrong: Sequence[Codec | None]
    replays: Sequence[Source]
    """All there ever were of the device, this one the last."""
    progress: Progress
    frames: int = 0
    unread: int = 0
    payloads: int = 0
    times_ms: set[int] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    wrong_settings: set[str] = field(default_factory=set)
    said: list[tuple[int, Understood]] = field(default_factory=list)
    """What frames say of the device itself, none of them earlier than the one before."""

    async def run(self) -> Replayed:
        async for entries in self._pages():
            batches = [batch for entry in entries for batch in self._batches(entry)]
            if batches:
                await self.ports.series.record(batches)
            self.payloads += len(entries)
            self.progress(self.payloads)
        await self._delete_wrong()
        device = await edit_device(
            self.ports, self.owner_id, self.actor, self.device.id, self._renewed, verb="replay"
        )
        return Replayed(device=device, frames=self.frames, unread=self.unread)

    async def _pages(self) -> AsyncIterator[list[RawEntry]]:
        """The device's payloads in the order in which they came."""
        start_ms, seen = 0, set[tuple[str, bytes]]()
        while True:
            page = await self.ports.raw.scan(self.owner_id, start_ms=start_ms, limit=PAGE)
            fresh = [entry for entry in page if (entry.source, entry.digest) not in seen]
            if not fresh:
                return
            yield [entry for entry in fresh if self.device.id in entry.devices]
            start_ms = page[-1].received_ms
            seen = {(entry.source, entry.digest) for entry in page if entry.received_ms == start_ms}

    def _batches(self, entry: RawEntry) -> list[Batch]:
        kind, values, at_ms = OriginKind.DEVICE, dict[str, float](), entry.received_ms
        if entry.kind == chirpstack.STATUS_KIND:
            told = chirpstack.parse_event(entry.payload)
            values, at_ms = (
                chirpstack.status_values(told),
                sound_instant(find_instant(told.time), entry.received_ms),
            )
        elif entry.kind in READERS:
            uplink = READERS[entry.kind](entry.payload)
            at_ms = sound_instant(uplink.received_ms, entry.received_ms)
            values = self._read(uplink, at_ms)
            kind = OriginKind.SIMULATION if uplink.is_simulated else kind
        else:
            return []
        self.sources.add(entry.source)
        self.times_ms.add(at_ms)
        return batches_of(
            self.device,
            values,
            at_ms=at_ms,
            origin=origin_number(self.replays[-1].number, kind),
            arrived_ms=entry.received_ms,
            payload=entry.digest,
            generation=len(self.replays),
        )

    def _read(self, uplink: Uplink, at_ms: int) -> dict[str, float]:
        self.frames += 1
        for codec in self.wrong:
            before = understand(codec, uplink)
            self.wrong_settings.update(before.settings if before else ())
        understood = understand(self.codec, uplink)
        if understood is None or not understood.values:
            self.unread += 1
        if understood is not None and (not self.said or at_ms >= self.said[-1][0]):
            self.said.append((at_ms, understood))
        return {**uplink.radio, **(understood.values if understood else {})}

    async def _delete_wrong(self) -> None:
        known = await _sources(self.ports, self.owner_id)
        numbers = {source.number for source in known if source.id in self.sources}
        numbers |= {source.number for source in self.replays[:-1]}
        now_ms = self.ports.clock.now_ms()
        for interval in await self._runs():
            for number in sorted(numbers):
                for kind in (OriginKind.DEVICE, OriginKind.SIMULATION):
                    origin = origin_number(number, kind)
                    await self.ports.series.delete(self.device.number, interval, origin=origin, now_ms=now_ms)

    async def _runs(self) -> list[Interval]:
        """Intervals that hold rows at instants of frames only."""
        ours = np.array(sorted(self.times_ms), dtype=np.int64)
        runs: list[Interval] = []
        start_ms: int | None = None
        last_ms = 0
        position: int | None = int(ours[0]) if len(ours) else None
        while position is not None:
            series = await self.ports.series.read(
                self.device.number, Interval(start_ms=position, end_ms=int(ours[-1]) + 1), limit=ROWS_AT_ONCE
            )
            position = int(series.times_ms[-1]) + 1 if len(series) == ROWS_AT_ONCE else None
            for at_ms, is_ours in zip(
                series.times_ms.tolist(), np.isin(series.times_ms, ours).tolist(), strict=True
            ):
                if is_ours and start_ms is None:
                    start_ms = at_ms
                elif not is_ours and start_ms is not None:
                    runs.append(Interval(start_ms=start_ms, end_ms=last_ms + 1))
                    start_ms = None
                last_ms = at_ms
        if start_ms is not None:
            runs.append(Interval(start_ms=start_ms, end_ms=last_ms + 1))
        return runs

    def _renewed(self, known: Device) -> Device:
        """The device without what the wrong codec said of it, and with what the right one does."""
        device = dataclasses.replace(
            known,
            settings={n: v for n, v in known.settings.items() if n not in self.wrong_settings},
            reports={n: report for n, report in known.reports.items() if report.source != LORAWAN},
            kept={source: kept for source, kept in known.kept.items() if source != LORAWAN},
            firmware="",
            keepalive_s=0,
        )
        for at_ms, understood in self.said:
            device = with_news(device, self.codec, understood, at_ms)
        return device


async def _sources(ports: Ports, owner_id: OwnerId) -> list[Source]:
    documents = await ports.directory.scan(owner_partition(owner_id), SOURCES)
    return [from_body(Source, document.body) for document in documents]


async def _replays_of(ports: Ports, device: Device) -> list[Source]:
    """The device's earlier replays, oldest first."""
    found = [
        source
        for source in await _sources(ports, device.owner_id)
        if source.kind == KIND and source.settings.get("device") == device.id
    ]
    return sorted(found, key=lambda source: source.number)


async def _note_replay(ports: Ports, owner_id: OwnerId, actor: Actor, device: Device) -> Source:
    """Under whose number the replay's values stand."""
    (number,) = await take_numbers(ports, 1)
    source = Source(
        id=new_id(ports.clock, ports.entropy),
        number=number,
        kind=KIND,
        name=f"replay of {device.vendor_id}",
        settings={"device": device.id, EARLIER: device.model},
        created_ms=ports.clock.now_ms(),
    )
    put = Put(table=SOURCES, key=source.id, body=to_body(source), expect=ABSENT)
    deed = Deed(actor=actor, verb="create", kind="source", object_id=source.id)
    await commit(ports, owner_id, [put], deed)
    return source
