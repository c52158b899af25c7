"""`core.ports.RawArchive` over an LMDB environment of its own.

An entry's key is `owner NUL source NUL received_ms sequence`, so a source lies together in order of
arrival, and one day of it beside the next. The digest index `owner NUL source NUL digest` names the
instant and sequence under which a payload was first kept.
"""

from __future__ import annotations

import heapq
import itertools
import struct
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import lmdb
import msgspec
import zstandard

from ownclimate.core.errors import StoreCorrupt
from ownclimate.core.ports import RawEntry
from ownclimate.store import payloads
from ownclimate.store.lmdb import counts
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.values import seal, unseal

ENTRIES: Final = "raw_entries"
DIGESTS: Final = "raw_digests"
RAW_COUNTS: Final = "raw_counts"
DATABASES: Final = (ENTRIES, DIGESTS, RAW_COUNTS)

_PLACE: Final = struct.Struct(">QQ")
"""received_ms and sequence: big-endian, so that bytes sort as the numbers do."""
_HEADER_LENGTH: Final = struct.Struct("<I")
_LEVEL: Final = 3
_SMALL_PAYLOAD_BYTES: Final = 16 << 10
"""Compressed on the event loop in under 0.1 ms; larger ones go to the pool."""
_REMOVALS_A_COMMIT: Final = 500
"""Keeps a removal's write transaction well under 20 ms."""
SLICE_S: Final = 0.05
"""Pages freed during a read transaction cannot be used again before it ends."""
SEQUENCE: Final = b"\0sequence"
"""Among the counts: entries ever kept, so that no two have one place. No owner begins with NUL."""


class _Header(msgspec.Struct, array_like=True):
    """What is known of an entry without unpacking it."""

    kind: str
    digest: bytes
    devices: tuple[str, ...]
    note: str
    size_bytes: int


_encode_header = msgspec.msgpack.Encoder().encode
_decode_header = msgspec.msgpack.Decoder(_Header).decode
_Row = tuple[bytes, bytes]
_Doomed = tuple[bytes, bytes, bytes]
"""Prefix, entry key, digest key."""


class LMDBRawArchive:
    """`slice_s` is how long a read transaction of a removal may last."""

    def __init__(self, environment: Environment, *, slice_s: float = SLICE_S) -> None:
        self._environment = environment
        self._slice_s = slice_s
        self._entries = environment.database(ENTRIES)
        self._digests = environment.database(DIGESTS)
        self._counts = environment.database(RAW_COUNTS)

    async def keep(self, entry: RawEntry) -> int:
        payloads.check(entry)
        prefix = f"{entry.owner}\0{entry.source}\0".encode()
        digest_key = prefix + entry.digest
        with self._environment.read() as transaction:
            place = self._place(transaction, digest_key)
        if place is not None:
            return place[0]
        if len(entry.payload) > _SMALL_PAYLOAD_BYTES:
            stored = await self._environment.run(lambda: _pack(entry))
        else:
            stored = _pack(entry)

        def apply(transaction: lmdb.Transaction[bytes]) -> int:
            place = self._place(transaction, digest_key)
            if place is not None:
                return place[0]
            counts.add(transaction, self._counts, SEQUENCE, 1)
            suffix = _PLACE.pack(entry.received_ms, counts.get(transaction, self._counts, SEQUENCE))
            key = prefix + suffix
            transaction.put(key, seal(key, stored), db=self._entries)
            transaction.put(digest_key, seal(digest_key, suffix), db=self._digests)
            counts.add(transaction, self._counts, prefix, 1)
            return entry.received_ms

        return await self._environment.committer.submit(apply, size_bytes=len(stored) + 200)

    async def scan(
        self, owner: str, source: str | None = None, *, start_ms: int = 0, limit: int | None = None
    ) -> list[RawEntry]:
        def work() -> list[RawEntry]:
            with self._environment.read() as transaction:
                prefixes = self._prefixes(transaction, owner, source)
                begin = _PLACE.pack(max(start_ms, 0), 0)
                runs = [self._run(transaction, prefix, prefix + begin) for prefix in prefixes]
                rows = list(itertools.islice(heapq.merge(*runs, key=_place_in), limit))
                if start_ms == 0 and limit is None:
                    expected = sum(counts.get(transaction, self._counts, prefix) for prefix in prefixes)
                    if expected != len(rows):
                        raise StoreCorrupt(
                            f"{ENTRIES}: {len(rows)} entries of {owner} where {expected} are counted"
                        )
            return [_unpack(key, stored) for key, stored in rows]

        return await self._environment.run(work)

    async def delete(self, owner: str, *, source: str | None = None, device: str | None = None) -> int:
        def is_doomed(header: _Header) -> bool:
            return device is None or device in header.devices

        return await self._remove(owner, source, None, is_doomed)

    async def expire(self, before_ms: int) -> int:
        return await self._remove(None, None, before_ms, lambda header: True)

    async def size_bytes(self) -> int:
        with self._environment.read() as transaction:
            return sum(
                stat["psize"] * (stat["leaf_pages"] + stat["branch_pages"] + stat["overflow_pages"])
                for stat in map(transaction.stat, (self._entries, self._digests))
            )

    async def _remove(
        self,
        owner: str | None,
        source: str | None,
        before_ms: int | None,
        is_doomed: Callable[[_Header], bool],
    ) -> int:
        def find() -> list[_Doomed]:
            with self._environment.read() as transaction:
                prefixes = self._prefixes(transaction, owner, source)
            doomed = []
            for prefix in prefixes:
                for key, stored in self._slices(prefix):
                    if before_ms is not None and _place_in((key, stored))[0] >= before_ms:
                        break
                    header, _ = _split(unseal(key, stored, ENTRIES))
                    if is_doomed(header):
                        doomed.append((prefix, key, prefix + header.digest))
            return doomed

        doomed = await self._environment.run(find)
        removed = 0
        for position in range(0, len(doomed), _REMOVALS_A_COMMIT):
            part = doomed[position : position + _REMOVALS_A_COMMIT]
            removed += await self._environment.committer.submit(
                partial(self._remove_rows, doomed=part),
                size_bytes=sum(len(key) for _, key, _ in part),
                may_use_reserve=True,
            )
        return removed

    def _remove_rows(self, transaction: lmdb.Transaction[bytes], doomed: list[_Doomed]) -> int:
        removed = 0
        for prefix, key, digest_key in doomed:
            if transaction.delete(key, db=self._entries):
                transaction.delete(digest_key, db=self._digests)
                counts.add(transaction, self._counts, prefix, -1)
                removed += 1
        return removed

    def _place(self, transaction: lmdb.Transaction[bytes], digest_key: bytes) -> tuple[int, int] | None:
        stored = transaction.get(digest_key, db=self._digests)
        if stored is None:
            return None
        received_ms, sequence = _PLACE.unpack(unseal(digest_key, stored, DIGESTS))
        return received_ms, sequence

    def _prefixes(
        self, transaction: lmdb.Transaction[bytes], owner: str | None, source: str | None
    ) -> list[bytes]:
        """Of every source that has entries; the counts are the list of sources."""
        if owner is not None and not payloads.is_name(owner):
            return []
        if owner is not None and source is not None:
            return [f"{owner}\0{source}\0".encode()] if payloads.is_name(source) else []
        begin = b"\1" if owner is None else f"{owner}\0".encode()
        prefixes = []
        with transaction.cursor(db=self._counts) as cursor:
            if cursor.set_range(begin):
                for prefix in cursor.iternext(values=False):
                    if owner is not None and not prefix.startswith(begin):
                        break
                    prefixes.append(prefix)
        return prefixes

    def _run(self, transaction: lmdb.Transaction[bytes], prefix: bytes, first: bytes) -> Iterator[_Row]:
        """The rows of a source from the key `first` on."""
        with transaction.cursor(db=self._entries) as cursor:
            if cursor.set_range(first):
                for row in cursor.iternext():
                    if not row[0].startswith(prefix):
                        return
                    yield row

    def _slices(self, prefix: bytes) -> Iterator[_Row]:
        """The rows of a source, read in transactions short enough for a busy server."""
        first = prefix
        while True:
            end_s = time.monotonic() + self._slice_s
            with self._environment.read() as transaction:
                for row in self._run(transaction, prefix, first):
                    yield row
                    if time.monotonic() >= end_s:
                        first = row[0] + b"\0"
                        break
                else:
                    return


def split_key(key: bytes) -> tuple[bytes, bytes]:
    """An entry's source prefix and its place; StoreCorrupt for any other bytes."""
    prefix, place = key[: -_PLACE.size], key[-_PLACE.size :]
    if prefix.count(b"\0") != 2 or not prefix.endswith(b"\0"):
        raise StoreCorrupt(f"{ENTRIES}: {key!r} is not the key of an entry")
    return prefix, place


def check_entry(key: bytes, value: bytes) -> bytes:
    """The digest of an entry's value, once its payload has been unpacked; StoreCorrupt otherwise."""
    try:
        header, packed = _split(value)
        _decompress(header, packed)
    except (struct.error, msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise StoreCorrupt(f"{ENTRIES}: the entry {key!r} cannot be unpacked: {error}") from error
    return header.digest


def _place_in(row: _Row) -> tuple[int, int]:
    received_ms, sequence = _PLACE.unpack(row[0][-_PLACE.size :])
    return received_ms, sequence


def _pack(entry: RawEntry) -> bytes:
    header = _encode_header(_Header(entry.kind, entry.digest, entry.devices, entry.note, len(entry.payload)))
    # A compressor belongs to one thread; making one costs less than keeping one for each.
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(entry.payload)
    return _HEADER_LENGTH.pack(len(header)) + header + packed


def _split(value: bytes) -> tuple[_Header, memoryview]:
    (length,) = _HEADER_LENGTH.unpack_from(value)
    end = _HEADER_LENGTH.size + length
    return _decode_header(value[_HEADER_LENGTH.size : end]), memoryview(value)[end:]


def _decompress(header: _Header, packed: memoryview) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=header.size_bytes)


def _unpack(key: bytes, stored: bytes) -> RawEntry:
    owner, source, _ = key.split(b"\0", 2)
    header, packed = _split(unseal(key, stored, ENTRIES))
    return RawEntry(
        owner=owner.decode(),
        source=source.decode(),
        kind=header.kind,
        received_ms=_place_in((key, stored))[0],
        payload=_decompress(header, packed),
        digest=header.digest,
        devices=header.devices,
        note=header.note,
    )
