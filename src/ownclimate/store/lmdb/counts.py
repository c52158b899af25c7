"""How many rows there should be, written in the commits that add and remove them.

LMDB finds no missing page: a tree with a damaged branch simply has fewer rows. A count beside the
rows turns that silence into an error.
"""

from __future__ import annotations

from typing import Final

import lmdb

from ownclimate.store.values import seal, unseal

COUNT_BYTES: Final = 8


def add(transaction: lmdb.Transaction[bytes], database: lmdb._Database, group: bytes, change: int) -> None:
    """Adds `change` rows to the group; an empty group has no record."""
    if change == 0:
        return
    count = get(transaction, database, group) + change
    if count == 0:
        transaction.delete(group, db=database)
    else:
        value = count.to_bytes(COUNT_BYTES, "little", signed=True)
        transaction.put(group, seal(group, value), db=database)


def get(transaction: lmdb.Transaction[bytes], database: lmdb._Database, group: bytes) -> int:
    stored = transaction.get(group, db=database)
    if stored is None:
        return 0
    return int.from_bytes(unseal(group, stored, "counts"), "little", signed=True)
