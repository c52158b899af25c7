"""LMDB's two meta pages, read without mapping the file.

A map that reaches beyond the end of its file kills the process on first touch, so the length is
compared before LMDB sees the file. Layout of liblmdb 0.9 on 64-bit machines (mdb.c, MDB_page and
MDB_meta): a 16-byte page header, then magic, version, address, map size, two 48-byte tree roots
(the first begins with the page size), last page number, transaction id.
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
_META: Final = struct.Struct("=QHHHHIIQQI44s48sQQ")
_PAGE_SIZES: Final = tuple(1 << bits for bits in range(9, 17))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    page_bytes: int
    last_page: int
    transaction: int
    map_bytes: int


def check_length(file: Path) -> Meta | None:
    """The newest meta page, after checking that the file holds every page it counts; None without a file.

    Raises StoreCorrupt naming what is wrong.
    """
    try:
        with file.open("rb") as stream:
            meta = _newest(stream, file)
            stream.seek(0, 2)
            length = stream.tell()
    except FileNotFoundError:
        return None
    expected = (meta.last_page + 1) * meta.page_bytes
    if length < expected:
        raise StoreCorrupt(f"{file} is truncated: {length} bytes where its meta page counts {expected}")
    return meta


def _newest(stream: BinaryIO, file: Path) -> Meta:
    first = _parse(stream.read(_META.size), number=0, file=file)
    stream.seek(first.page_bytes)
    second = _parse(stream.read(_META.size), number=1, file=file)
    if second.page_bytes != first.page_bytes:
        raise StoreCorrupt(f"{file}: the meta pages disagree about the page size")
    # LMDB itself trusts either page when transaction ids are equal, which only a fresh file has.
    return max(first, second, key=lambda meta: meta.transaction)


def _parse(page: bytes, *, number: int, file: Path) -> Meta:
    if len(page) < _META.size:
        raise StoreCorrupt(f"{file} is truncated: it ends inside meta page {number}")
    fields = _META.unpack(page)
    page_number, _, flags, _, _, magic, version, _, map_bytes, page_bytes, _, _, last_page, transaction = (
        fields
    )
    if magic != _MAGIC or not flags & _META_FLAG or page_number != number:
        raise StoreCorrupt(f"{file}: meta page {number} is not one; the file is damaged or not a store")
    if version != _DATA_VERSION:
        raise StoreCorrupt(
            f"{file}: meta page {number} has LMDB data version {version}, this program reads {_DATA_VERSION}"
        )
    if page_bytes not in _PAGE_SIZES:
        raise StoreCorrupt(f"{file}: meta page {number} names a page size of {page_bytes} bytes")
    return Meta(page_bytes=page_bytes, last_page=last_page, transaction=transaction, map_bytes=map_bytes)
