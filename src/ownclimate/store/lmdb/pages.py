"""LMDB's two meta pages, read without mapping the file.

A map that reaches beyond the end of its file kills the process on first touch, so the length is
compared before LMDB sees the file.

Transaction N writes meta page N & 1, and LMDB believes the page with the greater number. A damaged
number would silently bring back the state before the last commit, so it is compared with what
transaction N left elsewhere: N - 1 or N + 1 on the other page, and its own record in the tree of free
pages, since every transaction but the first replaces the root page and so frees the old one.

Layout of liblmdb 0.9 on 64-bit machines (mdb.c): MDB_page is a 16-byte header and an array of
offsets; MDB_meta is magic, version, address, map size, two 48-byte trees (free pages and main; the
first begins with the page size), last page number, transaction id.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ownclimate.core.errors import StoreCorrupt

_MAGIC: Final = 0xBEEFC0DE
_DATA_VERSION: Final = 1
_HEADER_BYTES: Final = 16
_META_FLAG: Final = 0x08
_META: Final = struct.Struct("=QHHHHIIQQI36sQ48sQQ")
_PAGE: Final = struct.Struct("=QHHHH")
_NODE: Final = struct.Struct("=HHHH")
_BRANCH_FLAG: Final = 0x01
_LEAF_FLAG: Final = 0x02
_NO_PAGE: Final = (1 << 64) - 1
_DEEPEST: Final = 32
_ATTEMPTS: Final = 20
"""Of looking at a file that another process keeps writing; one without a commit in between counts."""
_PAGE_SIZES: Final = tuple(1 << bits for bits in range(9, 17))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    page_bytes: int
    last_page: int
    transaction: int
    map_bytes: int
    free_root: int


def check_length(file: Path) -> Meta | None:
    """The newest meta page, after checking that the file holds every page it counts; None without a file.

    Raises StoreCorrupt naming what is wrong.
    """
    try:
        with file.open("rb") as stream:
            # LMDB itself believes either page when the ids are equal, which only a fresh file has.
            meta = max(_both(stream, file), key=lambda meta: meta.transaction)
            stream.seek(0, 2)
            length = stream.tell()
    except FileNotFoundError:
        return None
    expected = (meta.last_page + 1) * meta.page_bytes
    if length < expected:
        raise StoreCorrupt(f"{file} is truncated: {length} bytes where its meta page counts {expected}")
    return meta


def check_transactions(file: Path) -> None:
    """Raises StoreCorrupt when a meta page does not carry the number of the transaction that wrote it."""
    with file.open("rb") as stream:
        for _ in range(_ATTEMPTS):
            metas = _both(stream, file)
            problem = _contradiction(stream, metas)
            if problem is None:
                return
            if metas == _both(stream, file):
                raise StoreCorrupt(f"{file}: {problem}; the last commit may be missing")


def _contradiction(stream: BinaryIO, metas: tuple[Meta, Meta]) -> str | None:
    first, second = (meta.transaction for meta in metas)
    if abs(first - second) != 1 and first + second != 0:
        return f"the meta pages are of transactions {first} and {second}"
    for number, meta in enumerate(metas):
        freed = _newest_free_record(stream, meta)
        # A fresh file and a compacted copy have freed nothing; they are of transaction 0 or 1.
        if freed != meta.transaction and not (freed is None and meta.transaction <= 1):
            return f"meta page {number} is of transaction {meta.transaction}, its free pages of {freed}"
    return None


def _newest_free_record(stream: BinaryIO, meta: Meta) -> int | None:
    """The greatest key in the tree of free pages; None when it is empty, -1 when it cannot be read."""
    number = meta.free_root
    if number == _NO_PAGE:
        return None
    for _ in range(_DEEPEST):
        if number > meta.last_page:
            return -1
        stream.seek(number * meta.page_bytes)
        page = stream.read(meta.page_bytes)
        if len(page) < meta.page_bytes:
            return -1
        _, _, flags, lower, _ = _PAGE.unpack_from(page)
        keys = (lower - _HEADER_BYTES) // 2
        if keys < 1 or lower > meta.page_bytes:
            return -1
        (offset,) = struct.unpack_from("=H", page, _HEADER_BYTES + 2 * (keys - 1))
        if offset + _NODE.size + 8 > meta.page_bytes:
            return -1
        low, high, top, _ = _NODE.unpack_from(page, offset)
        if flags & _LEAF_FLAG:
            return int(struct.unpack_from("=Q", page, offset + _NODE.size)[0])
        if not flags & _BRANCH_FLAG:
            return -1
        number = low | high << 16 | top << 32
    return -1


def _both(stream: BinaryIO, file: Path) -> tuple[Meta, Meta]:
    stream.seek(0)
    first = _parse(stream.read(_META.size), number=0, file=file)
    stream.seek(first.page_bytes)
    second = _parse(stream.read(_META.size), number=1, file=file)
    if second.page_bytes != first.page_bytes:
        raise StoreCorrupt(f"{file}: the meta pages disagree about the page size")
    return first, second


def _parse(page: bytes, *, number: int, file: Path) -> Meta:
    if len(page) < _META.size:
        raise StoreCorrupt(f"{file} is truncated: it ends inside meta page {number}")
    (
        page_number, _, flags, _, _, magic, version, _, map_bytes,
        page_bytes, _, free_root, _, last_page, transaction,
    ) = _META.unpack(page)  # fmt: skip
    if magic != _MAGIC or not flags & _META_FLAG or page_number != number:
        raise StoreCorrupt(f"{file}: meta page {number} is not one; the file is damaged or not a store")
    if version != _DATA_VERSION:
        raise StoreCorrupt(
            f"{file}: meta page {number} has LMDB data version {version}, this program reads {_DATA_VERSION}"
        )
    if page_bytes not in _PAGE_SIZES:
        raise StoreCorrupt(f"{file}: meta page {number} names a page size of {page_bytes} bytes")
    return Meta(
        page_bytes=page_bytes,
        last_page=last_page,
        transaction=transaction,
        map_bytes=map_bytes,
        free_root=free_root,
    )
