"""Hashes under which secrets are stored and found.

All are of long random texts, so a fast hash is as good as a slow one; passwords are not hashed here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

DIGEST_BYTES = 20


def digest_of(secret: str) -> str:
    """40 hex digits."""
    return hashlib.blake2b(secret.encode(), digest_size=DIGEST_BYTES).hexdigest()


def is_among(secret: str, digests: Iterable[str]) -> bool:
    """Whether one of the digests is the secret's; takes as long whichever it is, or none."""
    given = digest_of(secret)
    found = False
    for digest in digests:
        found |= hmac.compare_digest(given, digest)
    return found
