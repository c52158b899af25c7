"""A household with one device of each of MClimate's families, and somebody who carries its commands."""

from __future__ import annotations

from typing import Any

from ownclimate.core.commands import list_device_commands
from ownclimate.core.things import Command, Device
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.mclimate.vocabulary import WIFI
from tests.fakes.carriers import FakeCarrier
from tests.fakes.households import Households
from tests.fakes.http import Answered, Client

WAIT_S = 0.2


class World:
    """Ada's devices, each under its type with `1` at its end as its serial."""

    def __init__(self, households: Households) -> None:
        self.households = households
        self.ports = households.ports
        self.carrier = FakeCarrier()
        self.dialect = mclimate_dialect(wait_s=WAIT_S)
        self.client: Client = households.client(self.dialect, token="ada")

    async def device(self, model: str, serial: str = "", **more: Any) -> Device:
        abilities = {**LORAWAN, **WIFI}.get(model, frozenset())
        return await self.households.device(
            "ada", model, serial or f"{model}1", **{"abilities": abilities, "is_heard": True} | more
        )

    async def heard(self, device: Device, **values: float) -> Device:
        """The device has just told these values, if no others then its radio's."""
        columns = {name: [value] for name, value in (values or {"rssi_dbm": -60.0}).items()}
        await self.households.record(device, [self.ports.clock.now_ms()], columns)
        return device

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> Answered:
        return await self.client.request("POST", f"/v1/{path}", json_body=body, headers=headers)

    async def fetch(self, device: Device, **more: Any) -> Answered:
        return await self.post("provider/fetch", {"serial_number": device.vendor_id, **more})

    async def send(self, device: Device, command: str, **params: Any) -> Answered:
        return await self.post(
            "provider/send", {"serial_number": device.vendor_id, "command": command, **params}
        )

    async def commands(self, device: Device) -> list[Command]:
        """Newest first."""
        owner_id = self.households.accounts["ada"].owner_id
        return await list_device_commands(self.ports, owner_id, device.id, since_ms=0, limit=100)
