"""Who makes a model, for devices that a person adds by name. Joins the vendors' own lists."""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.core import aliases
from ownclimate.core.things import Ability
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as MCLIMATE_LORAWAN
from ownclimate.vendors.mclimate.vocabulary import WIFI as MCLIMATE_WIFI
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS as NETATMO

GENERIC = "generic"

_THERMOSTAT = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})
_ECOBEE = {
    "ecobee_thermostat": _THERMOSTAT | {Ability.HUMIDITY, Ability.OCCUPANCY},
    "ecobee_sensor": frozenset({Ability.TEMPERATURE, Ability.OCCUPANCY}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`dialect` is the one whose own ids the maker's devices carry, None for makers without a face."""

    vendor: str
    dialect: str | None
    abilities: frozenset[Ability]


def kind_of(model: str) -> Kind:
    """The kind of a model; models nobody knows are generic and gain their abilities from readings."""
    if model in NETATMO:
        return Kind(vendor="netatmo", dialect=aliases.NETATMO, abilities=NETATMO[model].abilities)
    if model in _ECOBEE:
        return Kind(vendor="ecobee", dialect=aliases.SMARTBUILDINGS, abilities=_ECOBEE[model])
    abilities = {**MCLIMATE_LORAWAN, **MCLIMATE_WIFI}.get(model)
    if abilities is not None:
        return Kind(vendor="mclimate", dialect=aliases.MCLIMATE, abilities=abilities)
    return Kind(vendor=GENERIC, dialect=None, abilities=frozenset())
