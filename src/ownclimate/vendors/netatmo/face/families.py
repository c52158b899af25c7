"""Which products a token may see and set: the answers hold only the families that were granted (§3.2)."""

from __future__ import annotations

from typing import Final

from ownclimate.core.access import Permission
from ownclimate.core.things import Device
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.tokens import NETATMO_TOKENS
from ownclimate.web.call import Call

READS: Final = tuple(sorted({vocabulary.read_scope(code) for code in vocabulary.PRODUCTS}))
WRITES: Final = tuple(sorted(name for name in NETATMO_TOKENS.scopes if name.startswith("write_")))
CLIMATE_READS: Final = frozenset({f"read_{vocabulary.HEATING}", "read_smarther", "read_mhs1"})
"""Any of them shows set-points, modes and their timetables."""
WIRING_READ: Final = f"read_{vocabulary.WIRING}"


def sees(call: Call, *scopes: str) -> bool:
    """Whether any of the scopes was granted; a token of permissions sees everything."""
    granted = call.access.scopes
    return granted is None or not granted.isdisjoint(scopes)


def sees_device(call: Call, device: Device) -> bool:
    return sees(call, presented.read_scope(device))


def require_write(call: Call, code: str) -> None:
    """Raises Forbidden when the token may not set products of this code."""
    family = vocabulary.read_scope(code).removeprefix("read_")
    call.require(Permission.DEVICE_CONTROL, f"write_{family}")
