"""The reference adapters: dicts and no cleverness. What they answer, every other store must answer.

Bodies pass through MessagePack on the way in and out, so that no caller shares an object with the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ownclimate.core.ports import Change, Delete, Document, Put, RawEntry
from ownclimate.store import documents, payloads


class MemoryDirectory:
    """`core.ports.Directory` in dicts; everything is forgotten with the object."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], dict[str, bytes]] = {}

    async def find(self, partition: str, table: str, key: str) -> Document | None:
        stored = self._tables.get((partition, table), {}).get(key)
        return None if stored is None else documents.decode(key, stored)

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
        rows = self._tables.get((partition, table), {})
        keys = sorted((key for key in rows if start <= key and (end is None or key < end)), reverse=reverse)
        return [documents.decode(key, rows[key]) for key in keys[:limit]]

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        stored = documents.prepare(partition, changes, version)
        for change in changes:
            there = self._tables.get((partition, change.table), {}).get(change.key)
            documents.expect(change, None if there is None else documents.version_of(there))
        for change, value in zip(changes, stored, strict=True):
            rows = self._tables.setdefault((partition, change.table), {})
            if isinstance(change, Put) and value is not None:
                rows[change.key] = value
            elif isinstance(change, Delete):
                rows.pop(change.key, None)


class MemoryRawArchive:
    """`core.ports.RawArchive` in a list in the order of keeping."""

    def __init__(self) -> None:
        self._entries: list[RawEntry] = []

    async def keep(self, entry: RawEntry) -> int:
        payloads.check(entry)
        for kept in self._entries:
            if (kept.owner, kept.source, kept.digest) == (entry.owner, entry.source, entry.digest):
                return kept.received_ms
        self._entries.append(replace(entry, payload=bytes(entry.payload)))
        return entry.received_ms

    async def scan(
        self, owner: str, source: str | None = None, *, start_ms: int = 0, limit: int | None = None
    ) -> list[RawEntry]:
        found = [
            entry
            for entry in self._entries
            if entry.owner == owner and source in (None, entry.source) and entry.received_ms >= start_ms
        ]
        return sorted(found, key=lambda entry: entry.received_ms)[:limit]

    async def delete(self, owner: str, *, source: str | None = None, device: str | None = None) -> int:
        return self._keep_only(
            lambda entry: (
                entry.owner != owner
                or source not in (None, entry.source)
                or (device is not None and device not in entry.devices)
            )
        )

    async def expire(self, before_ms: int) -> int:
        return self._keep_only(lambda entry: entry.received_ms >= before_ms)

    async def size_bytes(self) -> int:
        return sum(len(entry.payload) for entry in self._entries)

    def _keep_only(self, is_kept: Callable[[RawEntry], bool]) -> int:
        before = len(self._entries)
        self._entries = [entry for entry in self._entries if is_kept(entry)]
        return before - len(self._entries)
