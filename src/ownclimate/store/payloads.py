"""What a raw payload may be, the same for every adapter."""

from __future__ import annotations

from typing import Final

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ports import RawEntry

MAX_NAME_BYTES: Final = 200
"""Owner and source each: both and a digest must fit one key."""
MAX_DIGEST_BYTES: Final = 64
MAX_PAYLOAD_BYTES: Final = 64 << 20


def check(entry: RawEntry) -> None:
    """Raises InvalidInput for an entry that no adapter could keep."""
    for field, name in (("owner", entry.owner), ("source", entry.source)):
        if not is_name(name):
            raise InvalidInput(field, f"non-empty text without NUL, at most {MAX_NAME_BYTES} bytes")
    if not 0 < len(entry.digest) <= MAX_DIGEST_BYTES:
        raise InvalidInput("digest", f"1 to {MAX_DIGEST_BYTES} bytes")
    if entry.received_ms < 0:
        raise InvalidInput("received_ms", "before 1970")
    if len(entry.payload) > MAX_PAYLOAD_BYTES:
        raise InvalidInput("payload", f"{len(entry.payload)} bytes, at most {MAX_PAYLOAD_BYTES}")


def is_name(name: str) -> bool:
    if not name or "\0" in name:
        return False
    try:
        return len(name.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False
