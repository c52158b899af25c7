"""A directory whose every operation lets other tasks in first, so that what runs at once really mingles."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from ownclimate.core.ports import Change, Directory, Document

TURNS = 4


class InterleavedDirectory:
    """`core.ports.Directory` over another; the same seed mingles the same."""

    def __init__(self, inner: Directory, seed: int) -> None:
        self.inner = inner
        self._random = random.Random(seed)

    async def find(self, partition: str, table: str, key: str) -> Document | None:
        await self._let_others_in()
        return await self.inner.find(partition, table, key)

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
        await self._let_others_in()
        return await self.inner.scan(partition, table, start=start, end=end, reverse=reverse, limit=limit)

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        await self._let_others_in()
        await self.inner.write(partition, changes, version)
        await self._let_others_in()

    async def _let_others_in(self) -> None:
        for _ in range(self._random.randrange(TURNS)):
            await asyncio.sleep(0)
