"""What a device of any maker is in this dialect, and under which ids it stands there.

Its own product code when it is Netatmo's; else the code of the product that can do what it can. What
has no honest counterpart is not in this dialect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ownclimate.core.things import Ability, Device, Site
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.vocabulary import DIALECT, VENDOR

_A = Ability

_COUNTERPARTS: Final[tuple[tuple[frozenset[Ability], str, str], ...]] = (
    (frozenset({_A.AIR_CONDITIONING}), "NAC", ""),
    (frozenset({_A.VALVE, _A.HEATING_SETPOINT}), "NRV", "relay"),
    (frozenset({_A.HEATING_SETPOINT}), "BNS", ""),
    (frozenset({_A.RELAY}), "NLP", "gateway"),
    (frozenset({_A.CO2}), "NHC", ""),
    (frozenset({_A.TEMPERATURE}), "NAModule1", "station"),
    (frozenset({_A.HUMIDITY}), "NAModule1", "station"),
)
"""The first whose abilities the device has all: its code, and behind which virtual gateway it stands."""


def product_code(device: Device) -> str | None:
    """The device's product code in this dialect, None when it has none."""
    if device.vendor == VENDOR:
        return device.model
    return next((code for needed, code, _ in _COUNTERPARTS if needed <= device.abilities), None)


def virtual_role(device: Device) -> str | None:
    """Which of its site's virtual gateways a foreign device stands behind."""
    if device.vendor == VENDOR:
        return None
    for needed, _, role in _COUNTERPARTS:
        if needed <= device.abilities:
            return role or None
    return None


def gateway_ids(device: Device, parent: Device | None, site: Site | None) -> frozenset[str]:
    """Every id that a client may give as the gateway of the device, its own among them."""
    role = virtual_role(device)
    virtual = site.aliases.get(f"{DIALECT}.{role}") if site is not None and role is not None else None
    found: Iterable[str | None] = (
        device.aliases.get(DIALECT),
        None if parent is None else parent.aliases.get(DIALECT),
        virtual,
    )
    return frozenset(wire_id.lower() for wire_id in found if wire_id)


def read_scope(device: Device) -> str:
    return vocabulary.read_scope(product_code(device) or vocabulary.UNKNOWN_MODEL)
