"""One device: what it measures, what it can be told, and what became of what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ownclimate.core import orders
from ownclimate.core.climate import Channel, setpoint_of
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import get_device
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.ordering import give_order
from ownclimate.core.publishing import can_be_public, is_public, set_public
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import LatestValue
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.things import Ability, Command, Device, Role, Room
from ownclimate.portal.pages.home import Value, device_name, device_words
from ownclimate.portal.pages.source_views import silences
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import command_state, order_text, quantity_name, value_text

SHOWN_COMMANDS = 20
OPERATORS = (Role.OWNER, Role.MEMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    value: str
    words: str
    is_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A form that gives one order. `temperature_c` empty: the order has none."""

    order: str
    title: str
    temperature_c: str = ""
    switch: tuple[Choice, ...] = ()
    """One button each, for orders that need no more."""
    selects: tuple[tuple[str, str, tuple[Choice, ...]], ...] = ()
    """(field, label, choices)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCommand:
    what: str
    state: str
    reason: str
    by: str
    at_ms: int
    is_bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    template: ClassVar[str] = "device.html"
    id: str
    title: str
    model: str
    place: str
    values: tuple[Value, ...]
    facts: tuple[Value, ...]
    at_ms: int
    controls: tuple[Control, ...]
    commands: tuple[ShownCommand, ...]
    may_share: bool
    """Whether it is a weather station, and the person may decide who sees it."""
    is_public: bool
    silences: tuple[str, ...]
    """Of clouds that it is known or reached by, and that answer no more."""
    problem: str = ""


async def show_device(visit: Visit) -> Answer:
    return Page(view=await _view(visit))


async def order(visit: Visit) -> Answer:
    """Gives the order that the form names; its fields are the form's."""
    device = await _device_of(visit)
    name = visit.form.text("order")
    try:
        await give_order(visit.ports, visit.owner_id, visit.actor, device, name, _fields(visit, name))
    except (InvalidInput, Unsupported) as error:
        return Page(view=replace(await _view(visit), problem=error.message), status=422)
    return Redirect(to=f"/devices/{device.id}", done="ordered")


async def share(visit: Visit) -> Answer:
    return await _shared(visit, to_everyone=True)


async def unshare(visit: Visit) -> Answer:
    return await _shared(visit, to_everyone=False)


async def _shared(visit: Visit, *, to_everyone: bool) -> Answer:
    device = await _device_of(visit)
    try:
        if to_everyone and not can_be_public(device):
            raise InvalidInput("", "Only weather stations can be public.")
        await set_public(visit.ports, visit.owner_id, visit.actor, device.id, is_public=to_everyone)
    except InvalidInput as error:
        return Page(view=replace(await _view(visit), problem=error.reason), status=422)
    return Redirect(to=f"/devices/{device.id}", done="public" if to_everyone else "private")


def _fields(visit: Visit, name: str) -> dict[str, Any]:
    """Raises InvalidInput for a number that is none."""
    known = orders.FIELDS.get(name, frozenset())
    fields: dict[str, Any] = {}
    for field in sorted(known):
        text = visit.form.text(field)
        if field not in visit.form or not text:
            continue
        if field == "is_on":
            fields[field] = text == "on"
        elif field.endswith(("_c", "_pct")):
            try:
                fields[field] = float(text.replace(",", "."))
            except ValueError as error:
                raise InvalidInput(field, "expected a number") from error
        else:
            fields[field] = text
    return fields


async def _device_of(visit: Visit) -> Device:
    return await get_device(visit.ports.directory, visit.owner_id, visit.ids["device"])


async def _view(visit: Visit) -> DeviceView:
    device = await _device_of(visit)
    latest = (await visit.ports.series.latest([device.number])).get(device.number, {})
    commands = await list_device_commands(
        visit.ports, visit.owner_id, device.id, since_ms=device.created_ms, limit=SHOWN_COMMANDS
    )
    may_operate = visit.household.role in OPERATORS
    rooms = await list_rooms(visit.ports.directory, visit.owner_id)
    room = next((room for room in rooms if room.id == device.room_id), None)
    return DeviceView(
        id=device.id,
        title=device_name(device),
        model=device_words(device),
        place=await _place(visit, device, room),
        values=tuple(
            Value(name=quantity_name(name), text=value_text(name, latest[name].value))
            for name in QUANTITIES
            if name in latest
        ),
        facts=_facts(device),
        at_ms=max((value.at_ms for value in latest.values()), default=0),
        controls=_controls(device, room, latest) if may_operate else (),
        commands=tuple(_shown(command) for command in commands),
        may_share=may_operate and can_be_public(device),
        is_public=is_public(device),
        silences=await silences(visit, device),
    )


async def _place(visit: Visit, device: Device, room: Room | None) -> str:
    sites = await list_sites(visit.ports.directory, visit.owner_id)
    site = next((site.name for site in sites if site.id == device.site_id), "")
    return " · ".join(text for text in (site, room.name if room else "") if text)


def _facts(device: Device) -> tuple[Value, ...]:
    told = {
        "Maker's id": device.vendor_id,
        "Serial number": device.serial if device.serial != device.vendor_id else "",
        "Firmware": device.firmware,
        "Id here": device.id,
    }
    return tuple(Value(name=name, text=text) for name, text in told.items() if text)


def _controls(device: Device, room: Room | None, latest: Mapping[str, LatestValue]) -> tuple[Control, ...]:
    """What the device can be told by a person; an air conditioner takes all of its orders at once."""
    if Ability.AIR_CONDITIONING in device.abilities:
        return (_air_conditioner(latest),)
    controls = []
    if Ability.HEATING_SETPOINT in device.abilities:
        now = _wished(room, Channel.HEATING) or _degrees(latest, "setpoint_c", 20)
        controls.append(Control(order=orders.SET_SETPOINT, title="Heat to", temperature_c=now))
    if Ability.COOLING_SETPOINT in device.abilities:
        now = _wished(room, Channel.COOLING) or _degrees(latest, "setpoint_cool_c", 25)
        controls.append(Control(order=orders.SET_COOLING_SETPOINT, title="Cool to", temperature_c=now))
    if Ability.RELAY in device.abilities:
        is_on = _is_on(latest, "relay_on")
        choices = (
            Choice(value="on", words="On", is_current=is_on is True),
            Choice(value="off", words="Off", is_current=is_on is False),
        )
        controls.append(Control(order=orders.SET_RELAY, title="Switch", switch=choices))
    return tuple(controls)


def _air_conditioner(latest: Mapping[str, LatestValue]) -> Control:
    modes = {"cool": "Cool", "heat": "Heat", "dry": "Dry", "fan": "Fan only", "auto": "Automatic"}
    current = next((mode for mode in ("cool", "heat", "fan") if _is_on(latest, f"{_RUNS[mode]}_on")), "cool")
    fans = {"auto": "Automatic", "low": "Low", "medium": "Medium", "high": "High"}
    return Control(
        order=orders.SET_AIR_CONDITIONER,
        title="Air conditioner",
        temperature_c=_degrees(latest, "setpoint_cool_c", 24),
        switch=(Choice(value="on", words="On"), Choice(value="off", words="Off")),
        selects=(
            (
                "mode",
                "Mode",
                tuple(Choice(value=m, words=w, is_current=m == current) for m, w in modes.items()),
            ),
            ("fan", "Fan", tuple(Choice(value=f, words=w) for f, w in fans.items())),
        ),
    )


_RUNS = {"cool": "cooling", "heat": "heating", "fan": "fan"}


def _wished(room: Room | None, channel: Channel) -> str:
    """What is wanted in the room, also while its devices do not hold it yet; empty when nothing is."""
    setpoint = None if room is None else setpoint_of(room, channel)
    return "" if setpoint is None or setpoint.temperature_c is None else _step(setpoint.temperature_c)


def _degrees(latest: Mapping[str, LatestValue], quantity: str, otherwise: float) -> str:
    known = latest.get(quantity)
    return _step(otherwise if known is None else known.value)


def _step(temperature_c: float) -> str:
    """The nearest half degree: browsers refuse to send what is between the field's steps."""
    return f"{round(temperature_c * 2) / 2:g}"


def _is_on(latest: Mapping[str, LatestValue], quantity: str) -> bool | None:
    known = latest.get(quantity)
    return None if known is None else known.value >= 0.5


def _shown(command: Command) -> ShownCommand:
    words, is_bad = command_state(command.state)
    return ShownCommand(
        what=order_text(command.name, command.fields),
        state=words,
        reason=command.reason,
        by=command.executor,
        at_ms=command.created_ms,
        is_bad=is_bad,
    )


ROUTES = (
    Route(path="/devices/{device:hex24}", show=show_device),
    Route(path="/devices/{device:hex24}/order", submit=order, roles=OPERATORS),
    Route(path="/devices/{device:hex24}/public", submit=share, roles=OPERATORS),
    Route(path="/devices/{device:hex24}/private", submit=unshare, roles=OPERATORS),
)
