"""`POST /v1/provider/fetch`: what is known of a device at the moment (contract §8)."""

from __future__ import annotations

from typing import Any, Final

from ownclimate.core import liveness
from ownclimate.core.commands import list_device_commands, list_pending
from ownclimate.core.orders import SET_SETPOINT, maker_order
from ownclimate.core.standing import schedule_info
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.face import orders
from ownclimate.vendors.mclimate.face.provider.answers import STATUSES
from ownclimate.vendors.mclimate.face.provider.fields import Known, provider_fields
from ownclimate.vendors.mclimate.face.provider.sending import unreachable
from ownclimate.web.call import Call

LOOK_BACK_MS: Final = 31 * 24 * 3_600_000
LOOKED_AT: Final = 50
"""Commands looked through for the last ones of a kind; a Vicki gets a few a day."""

_MOTOR = maker_order(vocabulary.VENDOR, "SetMotorPositionOnly")


async def fetch(call: Call, device: Device) -> dict[str, Any]:
    """The fields of the device's type. Raises HttpFault 503 for a device that was never heard of."""
    ports = call.ports
    latest = (await ports.series.latest([device.number])).get(device.number, {})
    if not latest:
        raise unreachable("nothing was heard from this device yet")
    last_ms = max(known.at_ms for known in latest.values())
    known = Known(
        device=device,
        latest=latest,
        is_online=liveness.is_online(device, last_ms, ports.clock.now_ms()),
        last_ms=last_ms,
        pending=await _pending(call, device) if device.model == vocabulary.VICKI else {},
        schedule=await _schedule(call, device) if orders.is_asleep(device) else {},
    )
    return provider_fields(known)


async def queue_of(call: Call, device: Device) -> list[Command]:
    """The device's commands whose life is not over, in the order in which they were given."""
    pending = await list_pending(call.ports, call.access.owner_id)
    return [command for command in pending if command.device_id == device.id]


async def _schedule(call: Call, device: Device) -> dict[str, Any]:
    info = await schedule_info(call.ports, call.access.owner_id, device)
    main_target = None if info.main_target_c is None else vocabulary.plain(info.main_target_c)
    return {"inSchedule": info.in_schedule, "mainTarget": main_target, "inPriority": info.in_priority}


async def _pending(call: Call, device: Device) -> dict[str, Any]:
    """How the last commands of a Vicki fared; 0 where nothing is pending."""
    since_ms = call.ports.clock.now_ms() - LOOK_BACK_MS
    commands = await list_device_commands(
        call.ports, call.access.owner_id, device.id, since_ms=since_ms, limit=LOOKED_AT
    )
    target = next((command for command in commands if command.name == SET_SETPOINT), None)
    motor = next((command for command in commands if command.name == _MOTOR), None)
    unsent = next((command for command in commands if command.state is CommandState.ACCEPTED), None)
    return {
        "statusOfLastDisplayDigitsCommand": _status(target),
        "statusOfLastMotorPositionCommand": _status(motor),
        "pendingDisplayDigits": _waiting(target, "temperature_c"),
        "pendingMotorPosition": _waiting(motor, "position"),
        "lastUnsentToDeviceCommand": "" if unsent is None else orders.from_core(device, unsent).command,
    }


def _status(command: Command | None) -> str:
    return "" if command is None else STATUSES[command.state]


def _waiting(command: Command | None, field: str) -> Any:
    """The value that is on its way, 0 when none is."""
    if command is None or STATUSES[command.state] != STATUSES[CommandState.ACCEPTED]:
        return 0
    return vocabulary.plain(float(command.fields[field]))
