"""What the cloud's controllers were told, for the logs of our devices: nothing of it is carried out here.

An entry that tells of a command which we relayed is no entry of its own: it says what became of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from ownclimate.core.commands import NEXT, OVER, get_command, move_command, record_command
from ownclimate.core.errors import Conflict, InvalidInput, NotFound, Unsupported
from ownclimate.core.ids import OwnerId, is_id
from ownclimate.core.orders import maker_order
from ownclimate.core.ports import Ports
from ownclimate.core.record import instant_problem
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.vendors.mclimate.collector_reading import instant_of, text_of
from ownclimate.vendors.mclimate.face import orders
from ownclimate.vendors.mclimate.vocabulary import VENDOR

VIA: Final = "cloud"
"""By which way such a command came in."""
EXECUTOR: Final = "ownclimate:"
"""With our command's id: how the cloud's log names a command that we relayed."""
MOST_TEXT: Final = 200
_STATES: Final = {
    "delivered": CommandState.CONFIRMED,
    "failed": CommandState.FAILED,
    "sent": CommandState.SENT,
    "pending": CommandState.SENT,
}
"""By the cloud's word. What has none there left its hands, and no more is known."""
_ENDS: Final = frozenset({CommandState.CONFIRMED, CommandState.FAILED})


@dataclass(slots=True, kw_only=True)
class Activity:
    """`fates` are of commands that we relayed, by our id: what the cloud's log says of them."""

    ports: Ports
    owner_id: OwnerId
    base_url: str
    fates: dict[str, CommandState] = field(default_factory=dict)

    async def take(self, device: Device, items: Iterable[Mapping[str, Any]]) -> bool:
        """Entries of the device's log, newest first; False when one of them was known already, so that all
        before it are."""
        is_new = True
        for item in items:
            relayed = await self._relayed(device, item)
            if relayed is not None:
                self._note(relayed, item)
                continue
            command = self._command(device, item)
            if command is None or await record_command(self.ports, self.owner_id, command):
                continue
            is_new = False
            await self._move(command)
        return is_new

    def _note(self, relayed: Command, item: Mapping[str, Any]) -> None:
        """What became of a command of ours, as long as somebody waits for it. One that just stands in the
        log was carried out."""
        if relayed.state in OVER:
            self.fates.pop(relayed.id, None)
            return
        self.fates[relayed.id] = _STATES.get(text_of(item.get("status")), CommandState.CONFIRMED)

    async def _relayed(self, device: Device, item: Mapping[str, Any]) -> Command | None:
        """Our command that the entry tells of."""
        prefix, found, command_id = text_of(item.get("executor")).partition(EXECUTOR)
        if prefix or not found or not is_id(command_id):
            return None
        try:
            command = await get_command(self.ports.directory, self.owner_id, command_id)
        except NotFound:
            return None
        return command if command.device_id == device.id else None

    def _command(self, device: Device, item: Mapping[str, Any]) -> Command | None:
        """None for an entry without an instant or a command: it stays in the archived answer alone."""
        at_ms, name = instant_of(item.get("created")), text_of(item.get("command"))
        if at_ms is None or instant_problem(at_ms, self.ports.clock.now_ms()) is not None or not name:
            return None
        told = item.get("executed_resource")
        params = dict(told) if isinstance(told, Mapping) else {}
        order = _order(device, name, params)
        state = _STATES.get(text_of(item.get("status")), CommandState.SENT)
        return Command(
            id=self._id(device, item, at_ms),
            device_id=device.id,
            name=order.name,
            fields=order.fields,
            wording=order.wording,
            state=state,
            reason=text_of(item.get("reason"))[:MOST_TEXT],
            actor={"via": VIA},
            executor=text_of(item.get("executor"))[:MOST_TEXT],
            created_ms=at_ms,
            changed_ms=at_ms,
            expires_ms=at_ms,
        )

    def _id(self, device: Device, item: Mapping[str, Any], at_ms: int) -> str:
        """The same for the same entry, so that it is noted once."""
        what = text_of(item.get("id")) or f"{at_ms} {item.get('command')} {item.get('executed_resource')}"
        text = f"{self.base_url} {device.id} {what}"
        return f"{at_ms // 1000 & 0xFFFFFFFF:08x}{blake2b(text.encode(), digest_size=8).hexdigest()}"

    async def _move(self, command: Command) -> None:
        """An entry that was seen before may have come to its end since."""
        known = await get_command(self.ports.directory, self.owner_id, command.id)
        if command.state not in _ENDS or command.state not in NEXT[known.state]:
            return
        try:
            await move_command(self.ports, self.owner_id, command.id, command.state, reason=command.reason)
        except Conflict:
            return


def _order(device: Device, name: str, params: dict[str, Any]) -> orders.Order:
    """The order that the command was, where it is one of ours; else the vendor's, as it came."""
    try:
        return orders.to_core(device, name, params)
    except (InvalidInput, Unsupported):
        wording = {VENDOR: {"command": name, "params": params}}
        return orders.Order(name=maker_order(VENDOR, name), fields=params, wording=wording)
