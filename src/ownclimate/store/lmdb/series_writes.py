"""Series writes find out about damage half way through, and must then leave nothing behind.

The committer takes an AppError for a precondition that failed before the first change, and keeps what
the transaction holds. Here any error undoes the write: it reaches the committer as something it does
not know, and the caller as what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import lmdb

from ownclimate.core.errors import AppError
from ownclimate.store.lmdb.commit import Committer

T = TypeVar("T")
Apply = Callable[["lmdb.Transaction[bytes]"], T]


class _Undone(Exception):
    def __init__(self, error: AppError) -> None:
        super().__init__(error.message)
        self.error = error


async def write(
    committer: Committer, apply: Apply[T], *, size_bytes: int, may_use_reserve: bool = False
) -> T:
    """Runs `apply` in a group commit; whatever it raises undoes it."""
    try:
        return await committer.submit(
            _undone_on_error(apply), size_bytes=size_bytes, may_use_reserve=may_use_reserve
        )
    except _Undone as undone:
        raise undone.error from undone


def write_and_wait(committer: Committer, apply: Apply[T], *, size_bytes: int) -> T:
    """`write` for the sealer's thread; it may use the reserve."""
    try:
        return committer.submit_and_wait(_undone_on_error(apply), size_bytes=size_bytes, may_use_reserve=True)
    except _Undone as undone:
        raise undone.error from undone


def _undone_on_error(apply: Apply[T]) -> Apply[T]:
    def run(transaction: lmdb.Transaction[bytes]) -> T:
        try:
            return apply(transaction)
        except AppError as error:
            raise _Undone(error) from error

    return run
