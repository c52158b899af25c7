"""What a device of any maker is in this dialect, and under which ids it stands there.

Its own product code when it is Netatmo's; else the code of the product that can do what it can. What
has no honest counterpart is not in this dialect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ownclimate.core.things import Ability, Device, Site
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.vocabulary import DIALECT, VENDOR

_A = Ability


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What foreign devices with all of these abilities are here. `role` names the virtual gateway of
    their site that they stand behind, empty for products that stand alone."""

    needs: frozenset[Ability]
    code: str
    role: str


_COUNTERPARTS: Final = (
    Counterpart(frozenset({_A.AIR_CONDITIONING}), "NAC", ""),
    Counterpart(frozenset({_A.VALVE, _A.HEATING_SETPOINT}), "NRV", "relay"),
    Counterpart(frozenset({_A.HEATING_SETPOINT}), "BNS", ""),
    Counterpart(frozenset({_A.RELAY}), "NLP", "gateway"),
    Counterpart(frozenset({_A.CO2}), "NHC", ""),
    Counterpart(frozenset({_A.TEMPERATURE}), "NAModule1", "station"),
    Counterpart(frozenset({_A.HUMIDITY}), "NAModule1", "station"),
)
"""In this order: a thermostat that also measures CO2 is a thermostat."""


def product_code(device: Device) -> str | None:
    """The device's product code in this dialect, None when it has none."""
    if device.vendor == VENDOR:
        return device.model
    counterpart = _counterpart(device)
    return None if counterpart is None else counterpart.code


def _counterpart(device: Device) -> Counterpart | None:
    return next((found for found in _COUNTERPARTS if found.needs <= device.abilities), None)


def gateway_ids(device: Device, parent: Device | None, site: Site | None) -> frozenset[str]:
    """Every id that a client may give as the gateway of the device, its own among them."""
    counterpart = None if device.vendor == VENDOR else _counterpart(device)
    virtual = None
    if site is not None and counterpart is not None and counterpart.role:
        virtual = site.aliases.get(f"{DIALECT}.{counterpart.role}")
    found: Iterable[str | None] = (
        device.aliases.get(DIALECT),
        None if parent is None else parent.aliases.get(DIALECT),
        virtual,
    )
    return frozenset(wire_id.lower() for wire_id in found if wire_id)


def read_scope(device: Device) -> str:
    return vocabulary.read_scope(product_code(device) or vocabulary.UNKNOWN_MODEL)
