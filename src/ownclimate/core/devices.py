"""Use cases on devices: making, finding, changing, removing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ownclimate.core import aliases
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.events import remove_events_of
from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId, RoomId, SiteId, is_id, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import ALIASES, DEVICES, SITES, owner_partition
from ownclimate.core.pictures import remove_pictures_of
from ownclimate.core.ports import ABSENT, Body, Delete, Directory, Ports, Put
from ownclimate.core.readings import Interval
from ownclimate.core.things import Ability, Device, Report
from ownclimate.core.writes import Actor, Deed, commit, edit

VENDOR = "vendor"
"""The pseudo-dialect under which a maker's own id is found: `vendor.<maker>`."""

MAX_VENDOR_ID_BYTES = 200
"""In UTF-8: an id is part of addresses, and those are bounded."""


def checked_vendor_id(text: str) -> str:
    """The text, when a device may be called so by its maker. Raises InvalidInput when it may not."""
    if not text.strip() or not text.isprintable() or len(text.encode()) > MAX_VENDOR_ID_BYTES:
        raise InvalidInput("id", f"expected 1 to {MAX_VENDOR_ID_BYTES} bytes of printable text")
    return text


async def create_device(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    vendor: str,
    model: str,
    vendor_id: str,
    name: str = "",
    serial: str = "",
    mac: str = "",
    firmware: str = "",
    site_id: SiteId | None = None,
    room_id: RoomId | None = None,
    parent_id: DeviceId | None = None,
    abilities: frozenset[Ability] = frozenset(),
    given_aliases: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    reports: Mapping[str, Report] | None = None,
    kept: Mapping[str, Any] | None = None,
    is_heard: bool = False,
    keepalive_s: int = 0,
    link: Mapping[str, str] | None = None,
    created_ms: int | None = None,
) -> Device:
    """A new device with its number and its aliases in every dialect.

    Raises Conflict when the owner already has a device under this vendor id or a given alias.
    """
    (number,) = await take_numbers(ports, 1)
    device = Device(
        id=DeviceId(new_id(ports.clock, ports.entropy)),
        number=DeviceNumber(number),
        owner_id=owner_id,
        vendor=vendor,
        model=model,
        vendor_id=vendor_id,
        name=name,
        serial=serial,
        mac=mac,
        firmware=firmware,
        site_id=site_id,
        room_id=room_id,
        parent_id=parent_id,
        abilities=abilities,
        aliases=aliases.device_aliases(number, vendor_id, given_aliases or {}),
        settings=dict(settings or {}),
        reports=dict(reports or {}),
        kept=dict(kept or {}),
        is_heard=is_heard,
        keepalive_s=keepalive_s,
        link=dict(link or {}),
        created_ms=ports.clock.now_ms() if created_ms is None else created_ms,
    )
    changes = [
        Put(table=DEVICES, key=device.id, body=to_body(device), expect=ABSENT),
        *_alias_puts(device),
    ]
    deed = Deed(actor=actor, verb="create", kind="device", object_id=device.id)
    try:
        await commit(ports, owner_id, changes, deed)
    except Conflict as error:
        raise Conflict("device", vendor_id, f"device {vendor_id} exists already") from error
    return device


async def find_device(directory: Directory, owner_id: OwnerId, text: str) -> Device | None:
    """The device under our id, its maker's id or its alias in any dialect; None when there is none."""
    body = await _find_body(directory, owner_id, text)
    return None if body is None else from_body(Device, body)


async def find_device_number(directory: Directory, owner_id: OwnerId, text: str) -> DeviceNumber | None:
    """The number of `find_device`'s device: all that a door needs, mostly without a look at the device."""
    if is_id(text) and (body := await _load(directory, owner_id, text)):
        return DeviceNumber(body["number"])
    for dialect in aliases.DIALECTS:
        alias = await _find_alias(directory, owner_id, dialect, text)
        if alias is None:
            continue
        if (number := alias.get("number")) is not None:
            return DeviceNumber(number)
        if body := await _load(directory, owner_id, alias["id"]):
            return DeviceNumber(body["number"])
    return None


async def find_device_by_alias(
    directory: Directory, owner_id: OwnerId, dialect: str, external: str
) -> Device | None:
    body = await _find_body_by_alias(directory, owner_id, dialect, external)
    return None if body is None else from_body(Device, body)


async def find_device_by_vendor(
    directory: Directory, owner_id: OwnerId, vendor: str, vendor_id: str
) -> Device | None:
    """The device that a maker calls `vendor_id`, among this owner's."""
    return await find_device_by_alias(directory, owner_id, f"{VENDOR}.{vendor}", vendor_id)


async def get_device(directory: Directory, owner_id: OwnerId, text: str) -> Device:
    device = await find_device(directory, owner_id, text)
    if device is None:
        raise NotFound("device", text)
    return device


async def list_devices(directory: Directory, owner_id: OwnerId) -> list[Device]:
    """The owner's devices, oldest first, without removed ones."""
    return [stored.device() for stored in await list_stored(directory, owner_id)]


@dataclass(frozen=True, slots=True)
class StoredDevice:
    """A device as it lies in the store: enough to count and to choose by, at a tenth of its cost."""

    body: Body

    @property
    def number(self) -> int:
        number: int = self.body["number"]
        return number

    @property
    def site_id(self) -> SiteId | None:
        return self.body.get("site_id")

    def device(self) -> Device:
        return from_body(Device, self.body)


async def list_stored(directory: Directory, owner_id: OwnerId) -> list[StoredDevice]:
    """As `list_devices`, for those who want few of many."""
    documents = await directory.scan(owner_partition(owner_id), DEVICES)
    return [StoredDevice(document.body) for document in documents if not document.body.get("deleted_ms")]


async def edit_device(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device_id: str,
    change: Callable[[Device], Device],
    *,
    verb: str = "change",
    details: Mapping[str, Any] | None = None,
) -> Device:
    """Raises NotFound. A change that changes nothing leaves no trace; `details` go with the deed."""
    deed = Deed(actor=actor, verb=verb, kind="device", object_id=device_id, details=dict(details or {}))
    return await edit(ports, owner_id, DEVICES, Device, change, deed)


async def hide_device(ports: Ports, owner_id: OwnerId, actor: Actor, device_id: str) -> None:
    """Marks the device as deleted; its history stays. It is then no longer listed or found."""
    now_ms = ports.clock.now_ms()
    await edit(
        ports,
        owner_id,
        DEVICES,
        Device,
        lambda device: dataclasses.replace(device, deleted_ms=device.deleted_ms or now_ms),
        Deed(actor=actor, verb="delete", kind="device", object_id=device_id),
        also=_silent_alias_puts,
    )


async def remove_device(ports: Ports, owner_id: OwnerId, actor: Actor, device_id: str) -> None:
    """Removes the device with everything that is its: aliases, readings, raw payloads, pictures,
    events.

    The series go first and the device last, so that a crash in between leaves a device that can be
    removed again.
    """
    partition = owner_partition(owner_id)
    document = await ports.directory.find(partition, DEVICES, device_id)
    if document is None:
        raise NotFound("device", device_id)
    device = from_body(Device, document.body)
    await ports.series.delete(device.number, Interval(), now_ms=ports.clock.now_ms())
    await ports.raw.delete(owner_id, device=device.id)
    await remove_pictures_of(ports, owner_id, device.id)
    # Those of deleted sites as well: a device may have left one before it went.
    sites = await ports.directory.scan(partition, SITES)
    await remove_events_of(ports, owner_id, [SiteId(site.key) for site in sites], device.id)
    changes = [
        Delete(table=DEVICES, key=device.id),
        *(Delete(table=ALIASES, key=put.key) for put in _alias_puts(device)),
    ]
    deed = Deed(actor=actor, verb="remove", kind="device", object_id=device.id)
    await commit(ports, owner_id, changes, deed)


async def _find_body(directory: Directory, owner_id: OwnerId, text: str) -> Body | None:
    if is_id(text) and (body := await _load(directory, owner_id, text)):
        return body
    for dialect in aliases.DIALECTS:
        if body := await _find_body_by_alias(directory, owner_id, dialect, text):
            return body
    return None


async def _find_body_by_alias(
    directory: Directory, owner_id: OwnerId, dialect: str, external: str
) -> Body | None:
    alias = await _find_alias(directory, owner_id, dialect, external)
    return None if alias is None else await _load(directory, owner_id, alias["id"])


async def _find_alias(directory: Directory, owner_id: OwnerId, dialect: str, external: str) -> Body | None:
    key = aliases.alias_key(dialect, aliases.DEVICE, external)
    document = await directory.find(owner_partition(owner_id), ALIASES, key)
    return None if document is None else document.body


async def _load(directory: Directory, owner_id: OwnerId, device_id: str) -> Body | None:
    document = await directory.find(owner_partition(owner_id), DEVICES, device_id)
    return None if document is None or document.body.get("deleted_ms") else document.body


def _alias_puts(device: Device) -> list[Put]:
    """They tell the number of a device that is there, so that its readings find it in one look-up."""
    external = {**device.aliases, f"{VENDOR}.{device.vendor}": device.vendor_id}
    return aliases.puts(aliases.DEVICE, device.id, external, number=device.number)


def _silent_alias_puts(device: Device) -> list[Put]:
    """Aliases of a hidden device: without a number, who follows one looks at the device."""
    return [dataclasses.replace(put, body={"id": device.id}, expect=None) for put in _alias_puts(device)]
