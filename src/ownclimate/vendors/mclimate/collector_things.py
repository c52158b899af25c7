"""The account's controllers as devices of ours.

What was said last time stands in each device's `kept`. A name or a room is taken over when the cloud says
another than then, so what somebody changed here stays until the cloud changes it too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core import aliases
from ownclimate.core.abilities import abilities_of
from ownclimate.core.devices import (
    checked_vendor_id,
    create_device,
    edit_device,
    find_device_by_alias,
    find_device_by_vendor,
)
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import collected_link
from ownclimate.core.things import Ability, Device, Report, Room, Site, Source
from ownclimate.core.writes import Actor
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.collector_places import CLOUD, Places, name_of, said_of
from ownclimate.vendors.mclimate.collector_reading import (
    Told,
    instant_of,
    log_values,
    text_of,
    truth_of,
    whole_of,
)
from ownclimate.vendors.mclimate.decoded import LORAWAN
from ownclimate.vendors.mclimate.vocabulary import VENDOR, WIFI

GONE: Final = "gone_from_cloud"
REACHABLE: Final = "reachable"


@dataclass(slots=True, kw_only=True)
class Things:
    ports: Ports
    owner_id: OwnerId
    source: Source
    actor: Actor
    places: Places

    async def hear_controller(
        self, item: Mapping[str, Any], at_ms: int, linked: Collection[str], *, zone: str, may_place: bool
    ) -> Device | None:
        """The device after what a list says of it; None for one without a serial, or that its owner removed
        here. `linked` are the ids of the owner's connected sources; `may_place`: rooms are known as far as
        the cloud tells them."""
        serial = text_of(item.get("serial_number"))
        try:
            checked_vendor_id(serial)
        except InvalidInput:
            return None
        said = said_of(item)
        known = await self.find(serial, text_of(item.get("mac")))
        before = {} if known is None else known.kept.get(CLOUD, {})
        moved = known is None or said.get("room_id") != before.get("room_id")
        is_unplaced = known is None or known.site_id is None
        room, site = None, None
        if may_place and (moved or is_unplaced):
            room, site = await self.places.place_of(said, zone)
        elif moved:
            said["room_id"] = before.get("room_id")  # Heard again once rooms are known.
        if known is None:
            known = await self._made_device(serial, item, said, room, site)
            if known is None:
                return None
        link = collected_link(known, self.source.id, linked)

        def change(device: Device) -> Device:
            changes: dict[str, Any] = {"kept": {**device.kept, CLOUD: said}, "link": link}
            if room is not None and (moved or device.room_id is None):
                changes |= {"room_id": room.id, "site_id": room.site_id}
            elif site is not None and device.site_id is None:
                changes["site_id"] = site.id
            if device.vendor == VENDOR:
                changes |= _own_changes(device, item, before)
            changes["reports"] = _with_reports(device, _state_reports(device, item), at_ms, self.source.id)
            return dataclasses.replace(device, **changes)

        if change(known) == known:
            return known
        return await edit_device(self.ports, self.owner_id, self.actor, known.id, change, verb="report")

    async def hear_provider(self, device: Device, told: Told, at_ms: int) -> Device:
        """The device after what `provider/fetch` told of it; one that we hear ourselves tells us better."""
        if device.is_heard:
            return device
        reports = dict(told.reports)
        if told.is_online is not None:
            reports[REACHABLE] = told.is_online

        def change(known: Device) -> Device:
            kept = known.kept
            if told.kept:
                kept = {**kept, LORAWAN: {**kept.get(LORAWAN, {}), **told.kept}}
            return dataclasses.replace(
                known,
                settings={**known.settings, **told.settings},
                reports=_with_reports(known, reports, at_ms, self.source.id),
                kept=kept,
                firmware=told.firmware or known.firmware,
                keepalive_s=told.keepalive_s or known.keepalive_s,
            )

        if change(device) == device:
            return device
        return await edit_device(self.ports, self.owner_id, self.actor, device.id, change, verb="report")

    async def lose(self, device: Device, at_ms: int) -> None:
        """The cloud does not have the controller any more; all that is known of it stays."""
        if device.is_heard:
            return

        def change(known: Device) -> Device:
            reports = _with_reports(known, {GONE: True, REACHABLE: False}, at_ms, self.source.id)
            return dataclasses.replace(known, reports=reports)

        await edit_device(self.ports, self.owner_id, self.actor, device.id, change, verb="report")

    async def find(self, serial: str, mac: str = "") -> Device | None:
        """The device under the serial, or one of this maker that we hear ourselves under its DevEUI."""
        directory = self.ports.directory
        found = await find_device_by_alias(directory, self.owner_id, aliases.MCLIMATE, serial)
        if found is None and mac:
            found = await find_device_by_vendor(directory, self.owner_id, VENDOR, mac)
        return found

    async def _made_device(
        self,
        serial: str,
        item: Mapping[str, Any],
        said: Mapping[str, Any],
        room: Room | None,
        site: Site | None,
    ) -> Device | None:
        type_name = text_of(item.get("type"))
        try:
            return await create_device(
                self.ports,
                self.owner_id,
                self.actor,
                vendor=VENDOR,
                model=type_name,
                vendor_id=serial,
                name=name_of(item.get("name")),
                serial=serial,
                mac=text_of(item.get("mac")),
                firmware=text_of(item.get("firmware_version")),
                site_id=site.id if room is None and site is not None else room.site_id if room else None,
                room_id=None if room is None else room.id,
                abilities=_abilities(type_name, item),
                kept={CLOUD: said},
                link={"source": self.source.id},
                created_ms=instant_of(item.get("created")) or self.ports.clock.now_ms(),
            )
        except Conflict:
            return None  # Its owner took it out of sight here.


def _own_changes(device: Device, item: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What only the cloud tells of a device of its maker."""
    name, type_name = name_of(item.get("name")), text_of(item.get("type"))
    changes: dict[str, Any] = {
        "abilities": device.abilities | _abilities(type_name or device.model, item),
        "firmware": text_of(item.get("firmware_version")) or device.firmware,
    }
    if name and before.get("name") != item.get("name"):
        changes["name"] = name
    if type_name and not device.is_heard:
        changes["model"] = type_name
    return changes


def _state_reports(device: Device, item: Mapping[str, Any]) -> dict[str, Any]:
    """Whether it is there, and reached."""
    reports: dict[str, Any] = {GONE: False} if GONE in device.reports else {}
    if "online" in item and not device.is_heard:
        reports[REACHABLE] = truth_of(item["online"])
    return reports


def _with_reports(device: Device, news: Mapping[str, Any], at_ms: int, source: str) -> dict[str, Report]:
    """What is said again stays as it was, with the instant at which it was said first."""
    reports = dict(device.reports)
    for name, value in news.items():
        if name not in reports or reports[name].value != value:
            reports[name] = Report(value=value, at_ms=at_ms, source=source)
    return reports


def _abilities(type_name: str, item: Mapping[str, Any]) -> frozenset[Ability]:
    """By its type; of a type that nobody has heard of, by what it tells."""
    known = WIFI.get(type_name) or LORAWAN_TYPES.get(type_name)
    if known is not None:
        return known
    log = item.get("controller_log")
    seen = set(log_values(type_name, log)) if isinstance(log, Mapping) else set()
    if whole_of(item.get("relay_state")) is not None:
        seen.add("relay_on")
    return abilities_of(seen)
