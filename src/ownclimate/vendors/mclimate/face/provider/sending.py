"""`POST /v1/provider/send`: giving a device a command (contract §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core import liveness
from ownclimate.core.commands import OVER, move_command, settled
from ownclimate.core.errors import Conflict, Garbled
from ownclimate.core.ordering import give_order
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.face import orders
from ownclimate.vendors.mclimate.face.provider.answers import answer_of
from ownclimate.web.call import Call
from ownclimate.web.faults import HttpFault
from ownclimate.web.idempotency import HEADER as IDEMPOTENCY_KEY

DEFAULT_WAIT_S: Final = 3.0
"""How long an answer waits for a device that is awake to be handed its command."""
RETRY_AFTER_S: Final = 30

_S = CommandState
_ENOUGH = OVER | {_S.SENT, _S.UNKNOWN}
_LOST = frozenset({_S.REFUSED, _S.FAILED, _S.EXPIRED})


async def send(
    call: Call, device: Device, command: str, params: Mapping[str, Any], *, executor: str, wait_s: float
) -> Any:
    """The answer to the command, once it is accepted and, where the device is awake, handed over.

    Raises InvalidInput and Unsupported before anything is accepted; HttpFault 503 when the device cannot
    be reached, and then nothing will come of the command; Garbled when what stands between gave no answer
    that could be understood.
    """
    order = orders.to_core(device, command, params)
    if _is_awake(device) and not await is_online(call, device):
        raise unreachable("the device is offline")
    given = await _give(call, device, order, executor)
    if not orders.is_asleep(device):
        given = await _handed_over(call, given, wait_s)
    return answer_of(device, given)


def unreachable(detail: str) -> HttpFault:
    return HttpFault(503, detail, {"retry-after": str(RETRY_AFTER_S)})


async def is_online(call: Call, device: Device) -> bool:
    latest = (await call.ports.series.latest([device.number])).get(device.number, {})
    last_ms = max((known.at_ms for known in latest.values()), default=None)
    return liveness.is_online(device, last_ms, call.ports.clock.now_ms())


def _is_awake(device: Device) -> bool:
    """Whether the device would follow at once, being one that we hear ourselves or of a type over Wi-Fi."""
    if device.vendor == vocabulary.VENDOR:
        return device.model in vocabulary.WIFI
    return device.is_heard


async def _give(call: Call, device: Device, order: orders.Order, executor: str) -> Command:
    """The command on disk. Under an Idempotency-Key that was given before it is the first one, unless
    nothing came of that."""
    began_ms = call.ports.clock.now_ms()
    key = call.header(IDEMPOTENCY_KEY)
    key = f"{call.client_id} {key}" if key else ""
    while True:
        command = await give_order(
            call.ports,
            call.access.owner_id,
            call.actor,
            device,
            order.name,
            order.fields,
            executor=executor,
            wording=order.wording,
            idempotency_key=key,
        )
        if not key or command.state not in _LOST or command.changed_ms >= began_ms:
            return command
        key = f"{key} {command.id}"


async def _handed_over(call: Call, command: Command, wait_s: float) -> Command:
    owner_id = call.access.owner_id

    def was_postponed(moved: Command) -> bool:
        return moved.state is _S.ACCEPTED and moved.attempts > 0

    command = await settled(
        call.ports, owner_id, command, timeout_s=wait_s, states=_ENOUGH, or_when=was_postponed
    )
    if was_postponed(command):
        # Whoever asked is told that it failed; so it must not be carried out later all the same.
        try:
            command = await move_command(
                call.ports, owner_id, command.id, _S.REFUSED, reason=command.reason or "not reachable"
            )
        except Conflict:
            command = await settled(call.ports, owner_id, command, timeout_s=wait_s, states=_ENOUGH)
    if command.state in (_S.REFUSED, _S.EXPIRED):
        raise unreachable(command.reason or "the device cannot be reached")
    if command.state in (_S.FAILED, _S.UNKNOWN):
        raise Garbled(f"the way to the device gave no good answer: {command.reason}")
    return command
