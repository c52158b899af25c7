"""Secrets that must be had again, kept so that the store alone gives nothing away.

The key is a file outside the store and outside backups; whoever has only one of the two has nothing.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ownclimate.core.errors import InvalidInput, StoreCorrupt
from ownclimate.core.ids import Entropy

KEY_BYTES = 32
NONCE_BYTES = 12
"""NIST SP 800-38D §8.2: 96 bits, fresh for every message."""


class Cipher:
    """AES-256-GCM under one key. `context` binds a ciphertext to the thing it belongs to."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._aead = AESGCM(key)
        self._entropy = entropy

    def encrypt(self, plain: bytes, context: str) -> bytes:
        nonce = self._entropy(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, context.encode())

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Raises StoreCorrupt when it was sealed under another key, for another thing, or was changed."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except InvalidTag as error:
            raise StoreCorrupt(f"a secret of {context} does not open with this server's key") from error


def cipher_from(secret: str, purpose: bytes, entropy: Entropy) -> Cipher:
    """A cipher that only whoever holds `secret` can make again.

    The secret is random, so one keyed hash is derivation enough; `purpose` keeps uses apart.
    """
    return Cipher(blake2b(secret.encode(), digest_size=KEY_BYTES, person=purpose).digest(), entropy)


def load_key(file: Path, entropy: Entropy) -> bytes:
    """The key in the file, made with mode 0600 when there is none. Raises InvalidInput for other content."""
    try:
        return _read(file)
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_suffix(f".{entropy(8).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(entropy(KEY_BYTES).hex().encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(temporary, file)  # Unlike a rename it never replaces a key that another process just made.
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return _read(file)


def _read(file: Path) -> bytes:
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidInput(str(file), "expected a key of 64 hex digits") from error
    if len(key) != KEY_BYTES:
        raise InvalidInput(str(file), f"expected a key of {2 * KEY_BYTES} hex digits")
    return key
