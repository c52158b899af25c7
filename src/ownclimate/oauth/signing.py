"""Keys that sign tokens: RS256, made when first needed, replaced by age, published as JWKS (RFC 7517).

They lie in the store with their private half encrypted, so every process of this server signs with the
same. A retired key stays published until the last token it signed has expired.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import StoreCorrupt
from ownclimate.core.ids import new_id
from ownclimate.core.ports import ABSENT, Delete, Ports, Put
from ownclimate.core.writes import write_surely
from ownclimate.oauth.encryption import Cipher

ALGORITHM = "RS256"
BITS = 2048
PARTITION = "signing_keys"
TABLE = "key"
DAY_MS = 24 * 3_600_000
PUBLISHED_AFTER_MS = 2 * DAY_MS
"""How long a replaced key stays published: longer than any signed token lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """`id` is the `kid`; it sorts by age, so the last one signs."""

    id: str
    public: dict[str, Any]
    sealed: bytes = field(repr=False)
    created_ms: int
    unknown: dict[str, Any] = field(default_factory=dict)


class SigningKeys:
    """The keys of this server. Parsed private keys are remembered; which one signs is read each time."""

    def __init__(self, ports: Ports, cipher: Cipher, *, rotate_days: int = 90) -> None:
        self._ports = ports
        self._cipher = cipher
        self._rotate_ms = rotate_days * DAY_MS
        self._parsed: dict[str, RSAKey] = {}

    async def sign(self, claims: dict[str, Any]) -> str:
        """A JWT (RFC 7519) under the current key; under a new one when this server cannot open that."""
        stored = await self._stored()
        key = stored[-1] if stored else await self.rotate()
        try:
            private = self._private(key)
        except StoreCorrupt:  # The file with this server's own key was lost and made anew.
            key = await self.rotate()
            private = self._private(key)
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": key.id}
        return jwt.encode(header, claims, private)

    async def public_set(self) -> dict[str, Any]:
        """The JWKS: every key that a living token may be signed with."""
        return {"keys": [key.public for key in await self._stored() or [await self.rotate()]]}

    async def rotate(self) -> SigningKey:
        """A new key, which signs from now on.

        Two processes that make one at the same moment leave two, both published: harmless.
        """
        private = await asyncio.to_thread(RSAKey.generate_key, BITS)
        kid = new_id(self._ports.clock, self._ports.entropy)
        public = private.as_dict(private=False) | {"kid": kid, "use": "sig", "alg": ALGORITHM}
        key = SigningKey(
            id=kid,
            public=dict(public),
            sealed=self._cipher.encrypt(private.as_pem(private=True), _context(kid)),
            created_ms=self._ports.clock.now_ms(),
        )
        put = Put(table=TABLE, key=kid, body=to_body(key), expect=ABSENT)
        await write_surely(self._ports, PARTITION, [put], of="signing key")
        return key

    async def tidy(self) -> None:
        """Replaces a key that signed long enough, removes those whose tokens have all expired."""
        stored = await self._stored()
        now_ms = self._ports.clock.now_ms()
        if stored and self._rotate_ms and stored[-1].created_ms + self._rotate_ms < now_ms:
            stored.append(await self.rotate())
        for key, successor in itertools.pairwise(stored):
            if successor.created_ms + PUBLISHED_AFTER_MS < now_ms:
                await write_surely(self._ports, PARTITION, [Delete(table=TABLE, key=key.id)], of="key")
                self._parsed.pop(key.id, None)

    async def _stored(self) -> list[SigningKey]:
        documents = await self._ports.directory.scan(PARTITION, TABLE)
        return [from_body(SigningKey, document.body) for document in documents]

    def _private(self, key: SigningKey) -> RSAKey:
        if key.id not in self._parsed:
            self._parsed[key.id] = RSAKey.import_key(self._cipher.decrypt(key.sealed, _context(key.id)))
        return self._parsed[key.id]


def _context(kid: str) -> str:
    return f"signing key {kid}"
