"""Calls to the cloud with the client's token; their answers read, and archived as they came."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import Refused
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports, RawEntry
from ownclimate.core.things import Source
from ownclimate.links.http import Cloud
from ownclimate.sync.tokens import TokenSpent
from ownclimate.vendors.smartbuildings.collector_http import read_data
from ownclimate.vendors.smartbuildings.collector_tokens import TokenKeeper
from ownclimate.vendors.smartbuildings.intake import Intake

_DIGEST_BYTES: Final = 16


@dataclass(slots=True, kw_only=True)
class Calls:
    """Both return the `data` of the answer and raise what `sync.collector.Collector` says."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    cloud: Cloud
    tokens: TokenKeeper

    async def ask(self, part: str, path: str, serial: str = "") -> Any:
        """An answer that can be read is archived: as one about a thermostat where its `serial` is given."""
        return await self._call("GET", path, None, keep=(part, serial))

    async def tell(self, method: str, path: str, body: bytes | None) -> Any:
        """An order."""
        return await self._call(method, path, body)

    async def _call(
        self, method: str, path: str, body: bytes | None, keep: tuple[str, str] | None = None
    ) -> Any:
        """A token that has expired is replaced once."""
        token = await self.tokens.access()
        for is_last in (False, True):
            answer = await self.cloud.request(method, path, json=body, token=token)
            try:
                data = read_data(answer)
            except TokenSpent as error:
                if is_last:
                    raise Refused(error.message) from error
                token = await self.tokens.access(spent=token)
                continue
            except Refused:
                await self.tokens.forget(token)
                raise
            if keep is not None:
                await self._archive(*keep, answer.payload)
            return data
        raise AssertionError("the second answer ends the loop")

    async def _archive(self, part: str, serial: str, payload: bytes) -> None:
        """The same answer again is there already; that it came again, the readings tell."""
        device = None
        if serial:
            intake = await Intake.open(self.ports, self.owner_id, self.source)
            device = await intake.find_or_make_thermostat(serial)
        await self.ports.raw.keep(
            RawEntry(
                owner=self.owner_id,
                source=self.source.id,
                kind=part,
                received_ms=self.ports.arrivals.next_ms(),
                payload=payload,
                digest=hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).digest(),
                devices=() if device is None else (device.id,),
            )
        )
