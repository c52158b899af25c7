"""Commands to Netatmo's cloud: one call each, and what its status says of them later.

What the cloud itself keeps (a home's mode, schedules, who is at home) is done once it says so. What a
device or a room is to do is awaited until the home's status shows it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from ownclimate.control.carriers import Delivery
from ownclimate.core.devices import find_device
from ownclimate.core.errors import InvalidInput, NotFound, Refused, Unreachable, Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.orders import SET_HOME_MODE
from ownclimate.core.ports import Ports
from ownclimate.core.sites import get_site, list_rooms
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.links.http import Cloud
from ownclimate.sync.tokens import TokenSpent
from ownclimate.vendors.netatmo import presented
from ownclimate.vendors.netatmo.collector_http import read_success
from ownclimate.vendors.netatmo.collector_orders import Place, Request, meant_by
from ownclimate.vendors.netatmo.collector_schedules import find_schedule, is_about_schedule, relay_schedule
from ownclimate.vendors.netatmo.vocabulary import DIALECT

BUSY: Final = 14
NOTHING_TO_MODIFY: Final = 23
_WHY: Final[Mapping[int, str]] = {
    6: "the cloud cannot reach the device",
    8: "the device's battery is too low",
    19: "the cloud cannot reach the device",
    27: "the cloud does not let anybody tell the device at the moment",
}
"""By code what an ok answer says of a module that did not follow (contract §2.2)."""
MOST_SENT: Final = 1_000


class Tokens(Protocol):
    async def access(self) -> str: ...

    def spend(self, access: str) -> None: ...


@dataclass(slots=True)
class CommandRelay:
    """`status_of` gives the key of the task that asks the status of a home, `topology` is that of the one
    that asks for all homes, with their modes and schedules."""

    ports: Ports
    owner_id: OwnerId
    cloud: Cloud
    tokens: Tokens
    status_of: Callable[[str], str]
    topology: str
    _heard: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    """By home what its status last said, and when it was asked for."""
    _sent_ms: dict[str, int] = field(default_factory=dict)
    """By command, of those that this process sent."""

    async def relay(self, device: Device, command: Command) -> Delivery:
        """As `sync.collector.Collector.relay`."""
        place = await self._place(device)
        if is_about_schedule(command.name):
            await relay_schedule(self.ports, self.owner_id, command, place.home_id, self._ask)
            return Delivery(state=CommandState.CONFIRMED)
        meant = meant_by(await self._spelt(command), place, self.ports.clock.now_ms())
        self._note_sent(command)
        said = await self._ask(meant.request)
        is_done = meant.is_done or _was_so_already(said)
        state = CommandState.CONFIRMED if is_done else CommandState.SENT
        is_awaited = not is_done and bool(meant.sign.members)
        return Delivery(state=state, receipt={"call": meant.request.method}, is_awaited=is_awaited)

    async def shown_in(self, device: Device, command: Command) -> Sequence[str]:
        """As `sync.collector.Collector.shown_in`."""
        try:
            place = await self._place(device)
        except (Unsupported, NotFound):
            return ()
        status = self.status_of(place.home_id)
        is_of_home = command.name == SET_HOME_MODE or is_about_schedule(command.name)
        return (status, self.topology) if is_of_home else (status,)

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        """CONFIRMED once a status that was asked for after the command shows it."""
        try:
            place = await self._place(device)
            meant = meant_by(command, place, self.ports.clock.now_ms())
        except (Unsupported, InvalidInput, NotFound):
            return None
        asked_ms, home = self._heard.get(place.home_id.lower(), (0, {}))
        if asked_ms <= self._sent_ms.get(command.id, 0) or not meant.sign.members:
            return None
        if not meant.sign.is_seen(home):
            return None
        self._sent_ms.pop(command.id, None)
        return CommandState.CONFIRMED

    def hear(self, home_id: str, home: Mapping[str, Any], asked_ms: int) -> None:
        """What a status said of a home."""
        self._heard[home_id.lower()] = (asked_ms, home)

    async def _spelt(self, command: Command) -> Command:
        """With the cloud's id of a schedule that the order names."""
        schedule_id = command.fields.get("schedule_id")
        if command.name != SET_HOME_MODE or not schedule_id:
            return command
        schedule = await find_schedule(self.ports.directory, self.owner_id, schedule_id)
        fields = {**command.fields, "schedule_id": schedule.aliases[DIALECT]}
        return dataclasses.replace(command, fields=fields)

    def _note_sent(self, command: Command) -> None:
        self._sent_ms.pop(command.id, None)
        self._sent_ms[command.id] = self.ports.clock.now_ms()
        if len(self._sent_ms) > MOST_SENT:
            del self._sent_ms[next(iter(self._sent_ms))]

    async def _place(self, device: Device) -> Place:
        """Raises Unsupported for a device that stands in no home."""
        directory = self.ports.directory
        site = None if device.site_id is None else await get_site(directory, self.owner_id, device.site_id)
        if site is None or DIALECT not in site.aliases:
            raise Unsupported("home", "the cloud is told of homes, and the device stands in none")
        parent = None
        if device.parent_id is not None:
            parent = await find_device(directory, self.owner_id, device.parent_id)
        rooms = await list_rooms(directory, self.owner_id)
        room = next((room for room in rooms if room.id == device.room_id), None)
        return Place(
            home_id=site.aliases[DIALECT],
            module_id=presented.wire_id(device),
            bridge=presented.gateway_id(device, parent, site) or "",
            room_id="" if room is None else room.aliases.get(DIALECT, ""),
        )

    async def _ask(self, request: Request) -> dict[str, Any]:
        """The document of an answer in which nothing failed. Raises as `Collector.relay` says."""
        token = await self.tokens.access()
        path = f"/api/{request.method}"
        if request.json is None:
            answer = await self.cloud.post(path, request.form, token)
        else:
            body = orjson.dumps(request.json)
            answer = await self.cloud.request("POST", path, query=request.form, json=body, token=token)
        try:
            document = read_success(answer)
        except TokenSpent as error:
            self.tokens.spend(token)
            raise Unreachable(error.message) from error
        _check_followed(document)
        return document


def _check_followed(document: Mapping[str, Any]) -> None:
    """Raises Unreachable or Refused when the answer, otherwise fine, names something that did not follow."""
    for code, words in _failures(document):
        if code == BUSY:
            raise Unreachable("the device is busy")
        if code != NOTHING_TO_MODIFY:
            raise Refused(
                _WHY.get(code, f"the cloud says that the device did not follow: {words} (code {code})")
            )


def _was_so_already(document: Mapping[str, Any]) -> bool:
    return any(code == NOTHING_TO_MODIFY for code, _ in _failures(document))


def _failures(document: Mapping[str, Any]) -> list[tuple[int, str]]:
    body = document.get("body")
    listed = body.get("errors") if isinstance(body, Mapping) else None
    return [
        (code, str(entry.get("message", ""))[:100])
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, Mapping) and isinstance(code := entry.get("code"), int)
    ]
