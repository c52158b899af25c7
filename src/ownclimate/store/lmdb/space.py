"""How much room is left, on the disk and in the map."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import lmdb

from ownclimate.core.errors import StoreUnavailable
from ownclimate.store.lmdb.faults import is_out_of_space, out_of_space

_PROBE_S: Final = 0.2
"""How long one answer about free space is believed: `statvfs` costs 2 µs, a group commit 300."""
_SHORT_BYTES: Final = 16 << 20
"""More than a group's pages: with this much free a failing write is not the fault of a full disk."""


class Space:
    """Says no when the disk or the map is down to the reserve.

    `free_bytes` says how much the disk can still take; see `free_bytes_of`.
    """

    def __init__(self, env: lmdb.Environment, free_bytes: Callable[[], int], reserve_bytes: int) -> None:
        self._env = env
        self._free_bytes = free_bytes
        self._reserve_bytes = reserve_bytes
        self._page_bytes = int(env.stat()["psize"])
        self._asked_s = -_PROBE_S
        self._answer: StoreUnavailable | None = None

    def refusal(self) -> StoreUnavailable | None:
        """The error for writes that may not use the reserve; None while there is room."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= _PROBE_S:
            self._asked_s = now_s
            self._answer = self._ask()
        return self._answer

    def is_cause_of(self, error: BaseException) -> bool:
        """Whether a failed write or commit failed for want of room.

        A write that the disk takes only in part is LMDB's EIO, although nothing but room is missing
        (mdb.c, mdb_page_flush).
        """
        if is_out_of_space(error):
            return True
        if not isinstance(error, lmdb.Error) or error.code != errno.EIO:
            return False
        try:
            return self._free_bytes() < _SHORT_BYTES
        except OSError:
            return False

    def _ask(self) -> StoreUnavailable | None:
        try:
            free = self._free_bytes()
        except OSError as error:
            return StoreUnavailable(f"cannot ask the disk for its free space: {error}")
        if free < self._reserve_bytes:
            return out_of_space(f"{free >> 20} MiB free, {self._reserve_bytes >> 20} MiB are kept in reserve")
        info = self._env.info()
        # Pages freed inside the file are not counted as free here: finding them means walking a tree.
        left = info["map_size"] - (info["last_pgno"] + 1) * self._page_bytes
        if left < min(self._reserve_bytes, info["map_size"] // 8):
            return out_of_space("the memory map is full; run `store compact --rewrite`")
        return None


def free_bytes_of(folder: Path) -> int:
    """What the file system of `folder` can still take from us."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
