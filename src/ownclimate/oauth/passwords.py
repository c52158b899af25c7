"""Password hashes: argon2id at OWASP's first choice, off the event loop."""

from __future__ import annotations

import asyncio
import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ownclimate.core.errors import InvalidInput

MEMORY_KIB = 19 * 1024
"""19 MiB with two passes: OWASP Password Storage Cheat Sheet; about 20 ms on a small machine."""
PASSES = 2
CONCURRENT = 2
"""Hashing at once at most: it is memory and processor time that anybody may ask for."""
SHORTEST = 8
LONGEST = 1024

_HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
_gate = asyncio.Semaphore(CONCURRENT)


def checked_password(password: str) -> str:
    """Raises InvalidInput when too short to be safe or too long to be meant."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput("password", f"expected {SHORTEST} to {LONGEST} characters")
    return password


async def hash_password(password: str) -> str:
    """An argon2 text with its own salt and parameters."""
    async with _gate:
        return await asyncio.to_thread(_HASHER.hash, checked_password(password))


async def is_password(password: str, password_hash: str) -> bool:
    """Whether the password made the hash; False for an account without one."""
    async with _gate:
        return await asyncio.to_thread(_verify, password, password_hash)


@functools.cache
def stand_in_hash() -> str:
    """A hash that no password is known for: checking against it takes as long as against a real one,
    so that how long an answer takes does not tell whether there is an account."""
    return _HASHER.hash("no account has this password")


def _verify(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
