"""Cameras with what stands behind them, and smoke alarms, as gethomedata lists them (contract §8.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ownclimate.core.things import Device, Site
from ownclimate.vendors.netatmo import presented
from ownclimate.vendors.netatmo.face.listed import came_here
from ownclimate.vendors.netatmo.face.timeline import Timeline
from ownclimate.vendors.netatmo.face.watching import may_watch, without_video
from ownclimate.vendors.netatmo.fields import CAMERA, CAMERA_MODULE, DETECTOR, Method
from ownclimate.vendors.netatmo.mapping import address, report_of
from ownclimate.vendors.netatmo.restate import restate, said_at_ms
from ownclimate.vendors.netatmo.standing import Around
from ownclimate.vendors.netatmo.statements import SAID

CAMERAS: Final = frozenset({"NACamera", "NOC", "NPC", "NDB"})
MODULES: Final = frozenset({"NIS", "NACamDoorTag"})
DETECTORS: Final = frozenset({"NSD"})
ON: Final = "on"


def cameras_of(timeline: Timeline, around: Around) -> list[dict[str, Any]]:
    found = _in_order(timeline, timeline.home.site, "cameras", CAMERAS)
    return [_camera(timeline, device, around) for device in found]


def detectors_of(timeline: Timeline, around: Around) -> list[dict[str, Any]]:
    found = _in_order(timeline, timeline.home.site, "smokedetectors", DETECTORS)
    return [_told(device, DETECTOR, around) or _identity(device) | _set_up(device) for device in found]


def _camera(timeline: Timeline, device: Device, around: Around) -> dict[str, Any]:
    modules = [
        _told(module, CAMERA_MODULE, around) or _module(module)
        for module in _in_order(timeline, device, "modules", MODULES)
        if module.parent_id == device.id
    ]
    told = _told(device, CAMERA, around)
    if told is None:
        told = _identity(device) | {
            "status": _monitoring(device),
            "sd_status": ON,
            "alim_status": ON,
            "is_local": False,
            "use_pin_code": False,
            **_set_up(device),
        }
    if modules or f"{CAMERA}modules" in _paths(device):
        told["modules"] = modules
    return told if may_watch(timeline.access, device) else without_video(told)


def _told(device: Device, prefix: str, around: Around) -> dict[str, Any] | None:
    """The device as the vendor told of it in this list; None when it never did."""
    if not any(path.startswith(prefix) for path in _paths(device)):
        return None
    said = restate(device, Method.SECURITY, around=around) or {}
    return {path.removeprefix(prefix): value for path, value in said.items()}


def _identity(device: Device) -> dict[str, Any]:
    return {
        "id": presented.wire_id(device),
        "type": presented.product_code(device),
        "name": device.name or presented.wire_id(device),
    }


def _set_up(device: Device) -> dict[str, Any]:
    at_ms = report_of(device.reports, "last_set_up_at_ms") or report_of(device.reports, "set_up_at_ms")
    return {"last_setup": int(at_ms or device.created_ms) // 1000}


def _module(device: Device) -> dict[str, Any]:
    told = {
        "battery_percent": report_of(device.reports, "battery_pct"),
        "status": report_of(device.reports, "condition"),
        "monitoring": report_of(device.reports, "monitoring"),
    }
    return _identity(device) | {name: value for name, value in told.items() if value is not None}


def _monitoring(device: Device) -> str:
    return str(report_of(device.reports, "monitoring") or ON)


def _in_order(timeline: Timeline, holder: Site | Device, part: str, codes: Iterable[str]) -> list[Device]:
    """What the vendor listed, in its order, then devices of these products that it does not know of; all of
    them where it never told of the holder."""
    listed = report_of(holder.reports, f"security_{part}")
    order = {address(text): place for place, text in enumerate(listed if isinstance(listed, list) else ())}
    wanted, site = frozenset(codes), timeline.home.site
    has_listed = said_at_ms(holder, Method.SECURITY) > 0
    found = [
        device
        for device in timeline.devices.values()
        if address(presented.wire_id(device)) in order
        or (presented.product_code(device) in wanted and (not has_listed or came_here(device, site)))
    ]
    return sorted(found, key=lambda device: order.get(address(presented.wire_id(device)), len(order)))


def _paths(device: Device) -> list[str]:
    said = device.kept.get(SAID, {}).get(Method.SECURITY.value)
    return [] if said is None else list(said["paths"])
