"""Taking in what cameras and alarms told: homes as gethomedata has them, and events of every method."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ownclimate.core import devices as device_store
from ownclimate.core.errors import InvalidInput
from ownclimate.core.events import find_event, hear_event
from ownclimate.core.record import instant_problem
from ownclimate.core.things import Device, Event, Site
from ownclimate.vendors.netatmo import recognise as kinds
from ownclimate.vendors.netatmo.fields import CAMERA, CAMERA_MODULE, DETECTOR, Method
from ownclimate.vendors.netatmo.happenings import (
    At,
    Said,
    Shape,
    event_of_push,
    heard,
    pushed_members,
    read_event,
    understood,
)
from ownclimate.vendors.netatmo.mapping import address
from ownclimate.vendors.netatmo.pictures import lacking_of_event, lacking_of_people
from ownclimate.vendors.netatmo.vocabulary import DIALECT, event_source

if TYPE_CHECKING:
    from ownclimate.vendors.netatmo.intake import Intake

SECURITY_KINDS: Final = frozenset({kinds.SECURITY, kinds.EVENTS, kinds.EVENTS_LIST})
LISTS: Final = {"cameras": CAMERA, "smokedetectors": DETECTOR}
"""The lists of devices in a home of gethomedata, and the prefix of their fields."""


async def take_security(intake: Intake, kind: str, body: Mapping[str, Any]) -> None:
    if kind == kinds.SECURITY:
        for home in intake.objects(body.get("homes"), "home"):
            await _take_home(intake, home)
    elif kind == kinds.EVENTS:
        await _take_events_of_home(intake, body.get("home"))
    else:
        for event in intake.objects(body.get("events_list"), "event"):
            await _take_event(intake, None, event, Shape.OLDER)


async def _take_home(intake: Intake, said: Mapping[str, Any]) -> None:
    wire_id = intake.id_of(said, "id", "home")
    if wire_id is None:
        return
    held = (*LISTS, "events")
    listed = {
        f"security_{name}": [m["id"] for m in intake.objects(said.get(name), name) if "id" in m]
        for name in LISTS
        if isinstance(said.get(name), list)
    }
    statement = intake.statement(Site, Method.SECURITY, said, "home", held=held, context=listed)
    site = await intake.household.hear_site(wire_id, statement)
    intake.heard(site, statement, said, lists=LISTS)
    if site is None:
        return
    for name, prefix in LISTS.items():
        for device in intake.objects(said.get(name), name):
            await _take_device(intake, site, prefix, device, {"site": wire_id})
    await take_faces(intake, site)
    for event in intake.objects(said.get("events"), "event"):
        await _take_event(intake, site, event, Shape.OLDER)


async def take_faces(intake: Intake, site: Site) -> None:
    """Notes in the report which faces of the site's people we lack."""
    household = intake.household
    lacking = await lacking_of_people(household.ports, household.owner_id, household.actor, site)
    intake.report.want(lacking)


async def _take_device(
    intake: Intake, site: Site, prefix: str, said: Mapping[str, Any], context: Mapping[str, Any]
) -> None:
    wire_id = intake.id_of(said, "id", "device")
    if wire_id is None:
        return
    members = {f"{prefix}{name}": value for name, value in said.items()}
    modules = list(intake.objects(said.get("modules"), "module"))
    context = {**context, "security_modules": [m["id"] for m in modules if "id" in m]}
    statement = intake.statement(
        Device, Method.SECURITY, members, "device", held=(f"{prefix}modules",), context=context
    )
    heard_by = await intake.household.hear_device(wire_id, statement, site.id)
    intake.heard(heard_by, statement, said, lists=("modules",), prefix=prefix)
    if prefix != CAMERA_MODULE:
        inner = {"site": context["site"], "gateway": wire_id}
        for module in modules:
            await _take_device(intake, site, CAMERA_MODULE, module, inner)


async def _take_events_of_home(intake: Intake, said: Any) -> None:
    if not isinstance(said, Mapping):
        return
    site = await _site_named(intake, intake.id_of(said, "id", "home"))
    if site is None:
        return
    intake.book.take(said, "id")
    for event in intake.objects(said.get("events"), "event"):
        await _take_event(intake, site, event, Shape.NEWER)


async def _site_named(intake: Intake, wire_id: str | None) -> Site | None:
    """The home of that id, made where nothing is known of it yet; None when it cannot be stored."""
    site = None if wire_id is None else intake.household.known.sites.get(wire_id)
    if site is not None or wire_id is None:
        return site
    statement = intake.statement(Site, Method.SECURITY, {"id": wire_id}, "home")
    return await intake.household.hear_site(wire_id, statement)


async def take_push(intake: Intake, said: Mapping[str, Any]) -> bool:
    """What a webhook's message tells happened at a camera or alarm; tells whether it was taken."""
    event, home_id = event_of_push(said), address(said.get("home_id"))
    if event is None or home_id is None:
        return False
    if instant_problem(event["time"] * 1000, intake.moment.arrived_ms) is not None:
        return False
    await intake.household.load()
    site = await _site_named(intake, home_id)
    if site is None or not await _take_event(intake, site, event, Shape.PUSH):
        return False
    intake.book.take(said, "home_id", *(name for name in pushed_members(event) if name != "persons"))
    for person in intake.objects(said.get("persons"), "person"):
        intake.book.take(person, "id")
    return True


async def _take_event(intake: Intake, site: Site | None, raw: Mapping[str, Any], shape: Shape) -> bool:
    """Tells whether the event is stored."""
    said = read_event(raw)
    if said is None or instant_problem(said.at_ms, intake.moment.arrived_ms) is not None:
        intake.report.warn("an event without a usable id, type or time was skipped")
        return False
    device = await _device_of(intake, site, said)
    site_id = site.id if site is not None else None if device is None else device.site_id
    if site_id is None:
        intake.report.warn("events of devices that are not known were skipped: import their home first")
        return False
    household, tally = intake.household, intake.report.events
    directory, owner_id = household.ports.directory, household.owner_id
    before = await find_event(directory, owner_id, said.id, said.at_ms)
    # What a message told of has the instant that its id tells; the timeline may be a second off.
    at_ms = said.at_ms if before is None else before.at_ms
    said_ms = said.at_ms if shape is Shape.PUSH else intake.moment.said_ms
    blank = Event(
        id=said.id,
        site_id=site_id,
        device_id=None if device is None else device.id,
        kind=said.kind,
        at_ms=at_ms,
    )
    at = _at(intake, device)
    try:
        after = await hear_event(
            household.ports,
            owner_id,
            said.id,
            at_ms,
            lambda known: heard(known, blank, said, shape, at, said_ms),
        )
    except InvalidInput as error:
        intake.report.warn(f"an event was skipped: {error}")
        return False
    if before is None:
        tally.created += 1
    elif after != before:
        tally.updated += 1
    else:
        tally.unchanged += 1
    for holder, names in understood(after, raw, shape):
        intake.book.take(holder, *names)
    intake.report.want(await lacking_of_event(household.ports, owner_id, after))
    return True


async def _device_of(intake: Intake, site: Site | None, said: Said) -> Device | None:
    """The device that the event names; one that no answer told of yet is made where the home is known,
    as what such an event can come from."""
    known = intake.household.known.devices
    present = next((known[wire_id] for wire_id in said.devices if wire_id in known), None)
    if present is not None or site is None or not said.devices:
        return present
    made = await intake.household.find_or_make(said.devices[0], event_source(said.kind))
    if made is None or made.site_id is not None:
        return made
    household = intake.household
    placed = await device_store.edit_device(
        household.ports,
        household.owner_id,
        household.actor,
        made.id,
        lambda device: dataclasses.replace(device, site_id=site.id),
    )
    known[said.devices[0]] = placed
    return placed


def _at(intake: Intake, device: Device | None) -> At:
    if device is None:
        return At()
    own = device.aliases.get(DIALECT, device.vendor_id)
    devices = intake.household.known.devices.values()
    parent = next((d for d in devices if d.id == device.parent_id), None)
    gateway = own if parent is None else parent.aliases.get(DIALECT, parent.vendor_id)
    return At(own=own, gateway=gateway)
