"""What a device of any maker is in this dialect, and under which ids it stands there.

Its own product code when it is Netatmo's; else the code of the product that can do what it can. What
has no honest counterpart is not in this dialect. Foreign valves, plugs and sensors stand behind a
gateway that no one made: one of each role a home, under an id that the home was given when it was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ownclimate.core.aliases import site_aliases
from ownclimate.core.things import Ability, Device, Owner, Site
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.measuretypes import MEASURED_BY
from ownclimate.vendors.netatmo.vocabulary import DIALECT, VENDOR

_A = Ability

RELAY: Final = "relay"
GATEWAY: Final = "gateway"
STATION: Final = "station"
VIRTUAL_CODES: Final = {RELAY: "NAPlug", GATEWAY: "NLG", STATION: "NAMain"}
"""What the virtual gateway of each role is."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What foreign devices with all of these abilities are here. `role` names the virtual gateway of
    their site that they stand behind, empty for products that stand alone."""

    needs: frozenset[Ability]
    code: str
    role: str


_COUNTERPARTS: Final = (
    Counterpart(frozenset({_A.AIR_CONDITIONING}), "NAC", ""),
    Counterpart(frozenset({_A.VALVE, _A.HEATING_SETPOINT}), "NRV", RELAY),
    Counterpart(frozenset({_A.HEATING_SETPOINT}), "BNS", ""),
    Counterpart(frozenset({_A.CAMERA, _A.OUTDOOR}), "NOC", ""),
    Counterpart(frozenset({_A.CAMERA}), "NACamera", ""),
    Counterpart(frozenset({_A.SMOKE}), "NSD", ""),
    Counterpart(frozenset({_A.CARBON_MONOXIDE}), "NCO", ""),
    Counterpart(frozenset({_A.RELAY}), "NLP", GATEWAY),
    Counterpart(frozenset({_A.CO2}), "NHC", ""),
    Counterpart(frozenset({_A.TEMPERATURE}), "NAModule1", STATION),
    Counterpart(frozenset({_A.HUMIDITY}), "NAModule1", STATION),
)
"""In this order: a thermostat that also measures CO2 is a thermostat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualGateway:
    """A gateway that foreign devices of a home stand behind."""

    wire_id: str
    code: str
    devices: tuple[Device, ...]


def product_code(device: Device) -> str | None:
    """The device's product code in this dialect, None when it has none."""
    if device.vendor == VENDOR:
        return device.model
    counterpart = _counterpart(device)
    return None if counterpart is None else counterpart.code


def wire_id(device: Device) -> str:
    """The device's id in this dialect."""
    return device.aliases.get(DIALECT, device.vendor_id)


def role(device: Device) -> str:
    """Which virtual gateway the device stands behind; empty when behind none."""
    counterpart = None if device.vendor == VENDOR else _counterpart(device)
    return "" if counterpart is None else counterpart.role


def virtual_id(site: Site, role: str) -> str | None:
    """The id of a home's virtual gateway."""
    return site.aliases.get(f"{DIALECT}.{role}")


def virtual_id_of_nowhere(owner: Owner, role: str) -> str:
    """The id of the virtual gateway of those of an owner's devices that stand in no home."""
    return site_aliases(owner.id, owner.number, {})[f"{DIALECT}.{role}"]


def gateway_id(device: Device, parent: Device | None, site: Site | None) -> str | None:
    """The id of the gateway that the device stands behind; None when it is its own."""
    virtual = role(device)
    if virtual:
        return None if site is None else virtual_id(site, virtual)
    return None if parent is None else wire_id(parent)


def behind_virtual(devices: Iterable[Device]) -> dict[str, list[Device]]:
    """Those of the devices that need a virtual gateway, by its role."""
    behind: dict[str, list[Device]] = {}
    for device in devices:
        if found := role(device):
            behind.setdefault(found, []).append(device)
    return behind


def virtual_gateways(site: Site, devices: Iterable[Device]) -> tuple[VirtualGateway, ...]:
    """The virtual gateways that a home needs for these of its devices."""
    behind = behind_virtual(devices)
    return tuple(
        VirtualGateway(wire_id=own, code=VIRTUAL_CODES[name], devices=tuple(behind[name]))
        for name in VIRTUAL_CODES
        if name in behind and (own := virtual_id(site, name)) is not None
    )


def with_measured(device: Device, latest: Iterable[str]) -> Device:
    """The device with the abilities that its values show: a generic sensor's model does not tell.

    `latest` names the quantities that it has values of.
    """
    seen = {MEASURED_BY[name] for name in latest if name in MEASURED_BY}
    return device if seen <= device.abilities else replace(device, abilities=device.abilities | seen)


def gateway_ids(device: Device, parent: Device | None, site: Site | None) -> frozenset[str]:
    """Every id that a client may give as the gateway of the device, its own among them."""
    found = (wire_id(device), gateway_id(device, parent, site), None if parent is None else wire_id(parent))
    return frozenset(known.lower() for known in found if known)


def read_scope(device: Device) -> str:
    return vocabulary.read_scope(product_code(device) or vocabulary.UNKNOWN_MODEL)


def _counterpart(device: Device) -> Counterpart | None:
    return next((found for found in _COUNTERPARTS if found.needs <= device.abilities), None)
