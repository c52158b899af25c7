"""What LMDB's errors mean to a caller."""

from __future__ import annotations

import errno
from typing import Final

import lmdb

from ownclimate.core.errors import StoreClosed, StoreCorrupt, StoreError, StoreUnavailable

OUT_OF_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
    lmdb.CursorFullError,
    lmdb.BadDbiError,
    lmdb.PageFullError,
    lmdb.BadValsizeError,
)
_RETRY_FULL_S: Final = 30.0
"""A full disk is repaired by a person; asking more often only costs."""


def is_out_of_space(error: BaseException) -> bool:
    return isinstance(error, lmdb.MapFullError) or (
        isinstance(error, lmdb.Error) and error.code in OUT_OF_SPACE
    )


def out_of_space(reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"the store has no room to write ({reason}); free some disk space", retry_after_s=_RETRY_FULL_S
    )


def to_store_error(error: lmdb.Error, where: str) -> StoreError:
    """The member of our taxonomy; `where` names the environment or database for the operator."""
    if is_out_of_space(error):
        return out_of_space(str(error))
    if isinstance(error, _DAMAGE):
        return StoreCorrupt(
            f"{where} is damaged ({error}); keep the file, run `store check`, restore a backup"
        )
    if isinstance(error, lmdb.MemoryError):
        return StoreUnavailable(
            f"{where}: no address space for the memory map; raise `ulimit -v` or make the map smaller"
        )
    if "closed" in str(error):
        return StoreClosed(f"{where} is closed")
    return StoreUnavailable(f"{where}: {error}")
