"""What a token shows of cameras and alarms: each family by its read scope, what leads to its videos by its
access scope (contract §3.2, §8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.access import Access
from ownclimate.core.things import Device
from ownclimate.vendors.netatmo import presented, vocabulary

VIDEO_MEMBERS: Final = frozenset({"vpn_url", "is_local", "video_id"})
"""Of a camera where its live picture is, of an event which recording shows it."""
CAMERA_FAMILIES: Final = frozenset({vocabulary.INDOOR_CAMERA, "camerapro", "presence", "doorbell"})
"""Families that know people."""
READ_SCOPES: Final = tuple(f"read_{family}" for family in vocabulary.SECURITY)
WATCH_SCOPES: Final = tuple(f"access_{family}" for family in vocabulary.SECURITY if family in CAMERA_FAMILIES)


def family(device: Device) -> str:
    """The family that the device belongs to, empty for one that tells of no events."""
    known = vocabulary.product(presented.product_code(device) or "")
    return known.family if known is not None and known.family in vocabulary.SECURITY else ""


def families(access: Access) -> frozenset[str]:
    """The families of cameras and alarms that the token shows."""
    if access.scopes is None:
        return frozenset(vocabulary.SECURITY)
    return frozenset(
        name
        for name in vocabulary.SECURITY
        if not access.scopes.isdisjoint((f"read_{name}", f"access_{name}"))
    )


def sees(access: Access, device: Device) -> bool:
    return family(device) in families(access)


def may_watch(access: Access, device: Device) -> bool:
    """Whether the token opens the videos of the device."""
    return access.scopes is None or f"access_{family(device)}" in access.scopes


def without_video(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in VIDEO_MEMBERS}
