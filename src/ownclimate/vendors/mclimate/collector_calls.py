"""Calls to the cloud with the account's token, their answers read and kept as they came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from ownclimate.core.errors import Forbidden, NotFound, RateLimited
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports, RawEntry
from ownclimate.core.things import Device, Source
from ownclimate.links.http import Answer, Cloud
from ownclimate.sync.tokens import TokenSpent
from ownclimate.vendors.mclimate.collector_http import Patience, read_success
from ownclimate.vendors.mclimate.collector_tokens import TokenKeeper

DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer. `at_ms` is when it was given, by the cloud's clock where it tells."""

    document: dict[str, Any]
    payload: bytes
    at_ms: int

    @property
    def digest(self) -> bytes:
        return blake2b(self.payload, digest_size=DIGEST_BYTES).digest()


@dataclass(slots=True, kw_only=True)
class Calls:
    ports: Ports
    owner_id: OwnerId
    source: Source
    cloud: Cloud
    tokens: TokenKeeper
    patience: Patience

    async def get(
        self,
        path: str,
        of: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Heard:
        """`of` names what is asked for, for people. Raises what `collector_http.read_success` does."""
        token = await self.tokens.access()
        return self._read(
            await self.cloud.request("GET", path, query=query, headers=headers, token=token), of, token
        )

    async def tolerated(
        self,
        path: str,
        of: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        is_forbidden_too: bool = True,
    ) -> Heard | None:
        """None for what this cloud does not have, or does not show to this app."""
        try:
            return await self.get(path, of, query, headers)
        except NotFound:
            return None
        except Forbidden:
            if not is_forbidden_too:
                raise
            return None

    async def post(self, path: str, of: str, body: Mapping[str, Any]) -> Heard:
        """As `get`."""
        token = await self.tokens.access()
        return self._read(
            await self.cloud.request("POST", path, json=orjson.dumps(body), token=token), of, token
        )

    async def keep(self, heard: Heard, kind: str, device: Device | None = None, note: str = "") -> int:
        """Archives the answer; returns when the very same first came. `device` is the only one that it is
        about, `note` says why it is odd."""
        entry = RawEntry(
            owner=self.owner_id,
            source=self.source.id,
            kind=f"mclimate.{kind}",
            received_ms=self.ports.arrivals.next_ms(),
            payload=heard.payload,
            digest=heard.digest,
            devices=() if device is None else (device.id,),
            note=note,
        )
        return await self.ports.raw.keep(entry)

    def _read(self, answer: Answer, of: str, token: str) -> Heard:
        try:
            document = read_success(answer, of)
        except TokenSpent:
            self.tokens.spend(token)
            raise
        except RateLimited as error:
            raise self.patience.waits(error) from error
        self.tokens.hold()
        self.patience.reset()
        at_ms = answer.dated_ms or self.ports.clock.now_ms()
        return Heard(document=document, payload=answer.payload, at_ms=at_ms)
