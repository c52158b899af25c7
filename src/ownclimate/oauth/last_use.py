"""When a grant was last used: noted beside the request, at most once a minute, never waited for.

It is for people to read, so losing a note is no harm, and a request must not pay for a durable write.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ownclimate.core.errors import AppError
from ownclimate.core.ports import Ports, Put
from ownclimate.core.writes import fresh_version
from ownclimate.oauth.grants.grant import LAST_USE

EVERY_MS: Final = 60_000
REMEMBERED: Final = 20_000
"""Grants whose last note is remembered; forgetting them costs one write more each."""


class LastUse:
    """`note` is what `tokens.check` calls; `settle` waits for what is still being written."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._noted_ms: dict[str, int] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, partition: str, grant_id: str) -> None:
        now_ms = self._ports.clock.now_ms()
        if now_ms - self._noted_ms.get(grant_id, -EVERY_MS) < EVERY_MS:
            return
        if len(self._noted_ms) >= REMEMBERED:
            self._noted_ms.clear()
        self._noted_ms[grant_id] = now_ms
        task = asyncio.get_running_loop().create_task(self._write(partition, grant_id, now_ms))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settle(self) -> None:
        await asyncio.gather(*self._writing)

    async def _write(self, partition: str, grant_id: str, now_ms: int) -> None:
        put = Put(table=LAST_USE, key=grant_id, body={"at_ms": now_ms})
        try:
            await self._ports.directory.write(partition, [put], fresh_version(self._ports))
        except AppError:
            pass  # The next use, a minute from now, notes it again.
