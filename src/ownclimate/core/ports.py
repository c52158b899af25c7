"""The ports: everything the core needs from outside, and what it may rely on.

The docstrings are the contract and the contract suite (`tests/contract/store/`) is these docstrings,
executed against every adapter. No adapter may accept more than Apache Cassandra can do: a document
is addressed by ((partition), table, key), a write stays within one partition, a scan never crosses
partitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ownclimate.core.bell import Bell
from ownclimate.core.ids import Clock, DeviceNumber, Entropy, SiteId
from ownclimate.core.readings import Arrivals, Batch, Buckets, Interval, LatestValue, Recorded, Series
from ownclimate.core.things import Command

Body = dict[str, Any]
"""A document's content: None, bool, int (64 bits), float, str, bytes; lists and string-keyed maps."""

MAX_ADDRESS_BYTES: Final = 480
"""Partition, table and key together, in UTF-8. LMDB keys end at 511 bytes; ours carry separators."""
MAX_BODY_BYTES: Final = 1_000_000
MAX_CHANGES: Final = 1_000
"""Changes in one write. Cassandra warns about batches far below this; bulk work is many writes."""


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document. `body` belongs to the caller: changing it changes nothing stored."""

    key: str
    version: str
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Writes a document. `expect`: None writes whatever is there; `ABSENT` only when nothing is;
    a version only when exactly that version is there."""

    table: str
    key: str
    body: Body
    expect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Removes a document; removing what is not there succeeds unless `expect` names a version."""

    table: str
    key: str
    expect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Changes nothing, but the whole write fails unless the document is as `expect` says."""

    table: str
    key: str
    expect: str


ABSENT: Final = ""
"""The expectation that no document is there. No version is ever empty."""

Change = Put | Delete | Check


class Directory(Protocol):
    """Documents addressed by (partition, table, key); keys sorted by code point inside (partition, table)."""

    async def find(self, partition: str, table: str, key: str) -> Document | None:
        """The document, or None. Sees every write that was acknowledged before the call."""
        ...

    async def scan(
        self,
        partition: str,
        table: str,
        *,
        start: str = "",
        end: str | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> list[Document]:
        """Documents with `start` <= key < `end` in key order (descending when `reverse`), at most `limit`.

        The rows of one call come from one moment; two calls may see different moments.
        """
        ...

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        """Applies all changes of one partition or none; durable when it returns.

        Every document put gets `version`, a fresh random text of the caller's. A (table, key) may
        occur once in a write. Expectations are evaluated against one moment.
        Raises Conflict when an expectation does not hold (nothing was applied); InvalidInput when an
        address or body is too large or malformed, before anything is queued; StoreUnavailable when the
        store cannot take it now (nothing was applied); OutcomeUnknown when it may have landed: then
        `find` and compare versions, or repeat with expectations. A cancelled call may still land.
        """
        ...


class SeriesStore(Protocol):
    """Readings by device number, with the order of `core.readings` whatever the order of arrival."""

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        """Records every batch; durable when it returns, `latest` updated in the same commit.

        A batch is all or nothing; of several batches a crash may leave some. Repeating a call, also
        with its batches cut or ordered otherwise, changes nothing. Rows inside a tombstone (see
        `delete`) are dropped and count as unchanged.
        Raises InvalidInput for quantities not in `core.quantities`, infinite values or columns of
        unequal length; StoreUnavailable when the store cannot take it now.
        """
        ...

    async def read(
        self,
        device: DeviceNumber,
        interval: Interval = Interval(),
        quantities: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        newest: bool = False,
    ) -> Series:
        """Winning values in time order; quantities None means all that occur in the interval.

        `limit` keeps the first rows, with `newest` the last ones (still in ascending order).
        An unknown device has no rows. Every asked quantity has a column, even when all NaN.
        """
        ...

    async def aggregate(
        self,
        device: DeviceNumber,
        quantities: Sequence[str],
        interval: Interval,
        step: str,
        zone: str,
        functions: Sequence[str],
    ) -> Buckets:
        """Aggregates in bounded memory, whatever the length of the interval.

        `step` is one of `readings.STEPS`, `zone` an IANA name, `functions` some of
        `readings.FUNCTIONS`. Up to 1 h buckets follow the zone's UTC offset at each instant, from 3 h
        on the local wall clock (so a day of a clock change has 23 or 25 hours, and its 3 h and 6 h
        buckets may be an hour shorter or longer); weeks begin on Monday, months on the 1st. Only
        values inside `interval` count, also in the first and last bucket.
        """
        ...

    async def latest(self, devices: Sequence[DeviceNumber]) -> dict[DeviceNumber, dict[str, LatestValue]]:
        """The newest value of each quantity of each device; devices without any are left out."""
        ...

    async def delete(
        self, device: DeviceNumber, interval: Interval, *, origin: int | None = None, now_ms: int
    ) -> None:
        """Deletes the values of an interval (of one origin only when given) and leaves a tombstone.

        The tombstone covers the interval up to `now_ms`: whatever is recorded later for an instant
        inside it (and of that origin) is dropped, so that late writers resurrect nothing. `latest`
        is recomputed. Only winners are kept, as in a map from key to winner: deleting an origin's
        winners does not bring back what they had beaten, and a value of another origin recorded
        afterwards for the same key counts again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """A payload as it came. `source` names where from, `kind` what it is, `note` why it is odd."""

    owner: str
    source: str
    kind: str
    received_ms: int
    payload: bytes
    digest: bytes
    devices: tuple[str, ...] = ()
    note: str = ""


class RawArchive(Protocol):
    """Payloads as they came, by owner, source and day; deduplicated within a source by digest."""

    async def keep(self, entry: RawEntry) -> int:
        """Stores the payload durably; returns when this digest *first* reached this source (ms).

        A repeated digest is not stored again; an earlier entry's note and devices stay.
        """
        ...

    async def scan(
        self, owner: str, source: str | None = None, *, start_ms: int = 0, limit: int | None = None
    ) -> list[RawEntry]:
        """Entries in the order of first arrival."""
        ...

    async def delete(self, owner: str, *, source: str | None = None, device: str | None = None) -> int:
        """Removes the owner's entries (of one source or device when given); returns how many."""
        ...

    async def expire(self, before_ms: int) -> int:
        """Removes entries that arrived before the instant; returns how many."""
        ...

    async def size_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a use case is handed: the stores, time, randomness, and bells to ring.

    `bell` rings for commands, `wishes` for sites whose wanted temperatures changed, `changes` with what
    kind of thing it is when something waits in an outbox.
    """

    directory: Directory
    series: SeriesStore
    raw: RawArchive
    clock: Clock
    entropy: Entropy
    arrivals: Arrivals
    bell: Bell[Command] = field(default_factory=Bell)
    wishes: Bell[SiteId] = field(default_factory=Bell)
    changes: Bell[str] = field(default_factory=Bell)


StoreStatus = Mapping[str, int | float | str]
