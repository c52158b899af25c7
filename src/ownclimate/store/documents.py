"""What a document may be, the same for every adapter: addresses, bodies and their bytes.

A stored document is its version, behind one byte of length, followed by the body as MessagePack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ownclimate.core.errors import Conflict, InvalidInput, StoreCorrupt
from ownclimate.core.ports import (
    ABSENT,
    MAX_ADDRESS_BYTES,
    MAX_BODY_BYTES,
    MAX_CHANGES,
    Body,
    Change,
    Delete,
    Document,
    Put,
)

MAX_VERSION_BYTES: Final = 64
_INT64: Final = range(-(1 << 63), 1 << 63)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def prepare(partition: str, changes: Sequence[Change], version: str) -> list[bytes | None]:
    """The bytes of each put, None for the other changes, after checking the whole write.

    Raises InvalidInput for an address, body or version that no adapter could keep.
    """
    if len(changes) > MAX_CHANGES:
        raise InvalidInput("changes", f"at most {MAX_CHANGES} changes to a write, not {len(changes)}")
    if not 0 < len(version.encode("utf-8", "replace")) <= MAX_VERSION_BYTES:
        raise InvalidInput("version", f"a version has 1 to {MAX_VERSION_BYTES} bytes")
    seen: set[tuple[str, str]] = set()
    stored: list[bytes | None] = []
    for change in changes:
        if not is_address(partition, change.table, change.key):
            raise InvalidInput(
                "address",
                f"partition, table and key must be non-empty text without NUL, together at most "
                f"{MAX_ADDRESS_BYTES} bytes: {partition!r}, {change.table!r}, {change.key[:80]!r}",
            )
        address = (change.table, change.key)
        if address in seen:
            raise InvalidInput("changes", f"{change.table} {change.key} occurs twice in one write")
        seen.add(address)
        stored.append(encode(version, change.body) if isinstance(change, Put) else None)
    return stored


def is_address(partition: str, table: str, key: str) -> bool:
    """Whether a document can be stored there; where it cannot, none is ever found."""
    if not (partition and table and key) or "\0" in partition or "\0" in table or "\0" in key:
        return False
    if len(partition) + len(table) + len(key) > MAX_ADDRESS_BYTES:
        return False
    try:
        return len((partition + table + key).encode()) <= MAX_ADDRESS_BYTES
    except UnicodeEncodeError:
        return False


def expect(change: Change, stored_version: str | None) -> None:
    """Raises Conflict unless the stored version (None: no document) is what the change expects."""
    expected = change.expect
    if expected is None:
        return
    if expected == ABSENT and not isinstance(change, Delete):
        holds = stored_version is None
    else:
        holds = stored_version == expected
    if not holds:
        raise Conflict(change.table, change.key)


def encode(version: str, body: Body) -> bytes:
    try:
        _require_plain(body, "body")
        packed = _encode(body)
        front = version.encode()
    except (TypeError, OverflowError, UnicodeEncodeError, RecursionError, ValueError) as error:
        raise InvalidInput("body", f"cannot be stored: {error}") from error
    if len(packed) > MAX_BODY_BYTES:
        raise InvalidInput("body", f"{len(packed)} bytes, at most {MAX_BODY_BYTES}")
    return bytes((len(front),)) + front + packed


def decode(key: str, stored: bytes) -> Document:
    """The document of a value whose checksum held; StoreCorrupt when it is not one all the same."""
    end = stored[0] + 1
    try:
        return Document(key, stored[1:end].decode(), _decode(memoryview(stored)[end:]))
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
        raise StoreCorrupt(f"document {key!r} cannot be decoded: {error}") from error


def version_of(stored: bytes) -> str:
    return stored[1 : stored[0] + 1].decode()


def _require_plain(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise TypeError(f"{path} has the key {name!r}, which is not text")
            _require_plain(item, name)
    elif isinstance(value, list):
        for item in value:
            _require_plain(item, path)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if value not in _INT64:
            raise OverflowError(f"{path} does not fit 64 bits")
    elif not isinstance(value, str | float | bytes):
        raise TypeError(f"{path} is a {type(value).__name__}")
