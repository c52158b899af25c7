"""Identifiers and random bytes.

An id is 24 lower-case hex digits: 32 bits of seconds since the epoch, then 64 random bits. It sorts
by age and has the shape that every dialect with "object ids" expects.
"""

from __future__ import annotations

import re
from typing import NewType, Protocol

OwnerId = NewType("OwnerId", str)
AccountId = NewType("AccountId", str)
SiteId = NewType("SiteId", str)
RoomId = NewType("RoomId", str)
DeviceId = NewType("DeviceId", str)
DeviceNumber = NewType("DeviceNumber", int)
"""u32 under which a device's series are stored; also the small integer id some dialects show."""

ID_PATTERN = re.compile(r"[0-9a-f]{24}")


class Clock(Protocol):
    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        ...


class Entropy(Protocol):
    def __call__(self, count: int, /) -> bytes:
        """`count` bytes from a cryptographically secure source."""
        ...


def new_id(clock: Clock, entropy: Entropy) -> str:
    seconds = clock.now_ms() // 1000 & 0xFFFFFFFF
    return f"{seconds:08x}{entropy(8).hex()}"


def is_id(text: str) -> bool:
    return ID_PATTERN.fullmatch(text) is not None
