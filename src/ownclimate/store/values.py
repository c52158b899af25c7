"""Values with a checksum: every value on disk ends in a CRC-32 over its key and itself.

The key is covered so that a value that damage has moved under another key is found out.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from ownclimate.core.errors import StoreCorrupt

CHECKSUM_BYTES: Final = 4
_RESIDUE: Final = 0x2144DF1C
"""The CRC-32 of anything followed by its own CRC-32 in little-endian order (RFC 1662, appendix C)."""


def seal(key: bytes, value: bytes) -> bytes:
    """The value followed by its checksum, as it is stored."""
    return value + crc32(value, crc32(key)).to_bytes(4, "little")


def unseal(key: bytes, stored: bytes, where: str) -> bytes:
    """The value without its checksum; StoreCorrupt naming `where` (the database) when it disagrees."""
    if crc32(stored, crc32(key)) != _RESIDUE or len(stored) < CHECKSUM_BYTES:
        raise StoreCorrupt(
            f"{where}: the value of key {bytes(key)!r} does not match its checksum; "
            "keep the file, run `store check`, restore a backup"
        )
    return stored[:-CHECKSUM_BYTES]
