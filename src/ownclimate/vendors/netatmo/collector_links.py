"""The way to devices that Netatmo's cloud told of: through it, unless there is a nearer one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ownclimate.core.devices import edit_device, list_devices
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import list_linked
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import collected_link
from ownclimate.core.things import Device, Source
from ownclimate.core.writes import Actor
from ownclimate.vendors.netatmo.mapping import address
from ownclimate.vendors.netatmo.vocabulary import DIALECT, VENDOR


async def link_devices(ports: Ports, owner_id: OwnerId, actor: Actor, source: Source, body: Any) -> None:
    """Links what the body of an answer names. The same again writes nothing."""
    named = set(_named_ids(body))
    linked = {source.id for source in await list_linked(ports.directory, owner_id)}

    def change(device: Device) -> Device:
        return dataclasses.replace(device, link=collected_link(device, source.id, linked))

    for device in await list_devices(ports.directory, owner_id):
        is_named = device.vendor == VENDOR and device.aliases.get(DIALECT, device.vendor_id).lower() in named
        if is_named and change(device) != device:
            await edit_device(ports, owner_id, actor, device.id, change)


def _named_ids(said: Any) -> Iterator[str]:
    """Of the account's own devices: in homes and their modules, stations and theirs."""
    if isinstance(said, list):
        for item in said:
            yield from _named_ids(item)
    elif isinstance(said, Mapping) and said.get("favorite") is not True:
        found = address(said.get("_id", said.get("id")))
        if found is not None:
            yield found
        for name in ("homes", "devices", "modules"):
            yield from _named_ids(said.get(name))
