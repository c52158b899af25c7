"""The meta record: which store this is, in which format, and who is able to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import lmdb
import msgspec

from ownclimate.core.errors import StoreCorrupt, Unsupported
from ownclimate.core.ids import Entropy
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.values import seal, unseal

META: Final = "meta"
DATABASES: Final = (META,)
FORMAT: Final = 1
"""The format this program writes; docs/store-format.md says what each one changed."""
OLDEST_READER: Final = 1
"""The oldest format whose programs can read what this one writes."""
_KEY: Final = b"identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    store_id: str
    format: int
    oldest_reader: int


def find(environment: Environment) -> Identity | None:
    """None in an environment without any record, which is a new one.

    Raises Unsupported when a newer program wrote it in a way that this one cannot read.
    """
    with environment.read() as transaction:
        stored = transaction.get(_KEY, db=environment.database(META))
    if stored is None:
        return None
    try:
        identity = msgspec.msgpack.decode(unseal(_KEY, stored, META), type=Identity)
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(f"the meta record cannot be decoded: {error}") from error
    require_readable(identity.format, identity.oldest_reader)
    return identity


def require_readable(format: int, oldest_reader: int) -> None:
    """Raises Unsupported, with advice, for what only newer programs can read."""
    if oldest_reader > FORMAT:
        raise Unsupported(
            f"store format {format}",
            f"this store has format {format} and this program reads up to {FORMAT}: "
            "upgrade ownclimate, or restore a backup made before the upgrade",
        )


def create(environment: Environment, entropy: Entropy, store_id: str | None = None) -> Identity:
    """Writes the meta record unless another process was faster; what is there in the end."""
    draft = Identity(store_id=store_id or entropy(12).hex(), format=FORMAT, oldest_reader=OLDEST_READER)
    value = seal(_KEY, msgspec.msgpack.encode(draft))

    def apply(transaction: lmdb.Transaction[bytes]) -> None:
        transaction.put(_KEY, value, overwrite=False, db=environment.database(META))

    environment.committer.submit_and_wait(apply, size_bytes=len(value))
    return find(environment) or draft
