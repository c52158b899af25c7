"""What a company has at SmartBuildings, as far as collecting needs it: buildings and their thermostats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.reading import objects, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`buildings`: names by id. `thermostats`: (building, name) by serial number; names may be empty."""

    buildings: Mapping[str, str] = field(default_factory=dict)
    thermostats: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Account:
        thermostats = {serial: (pair[0], pair[1]) for serial, pair in body.get("thermostats", {}).items()}
        return cls(buildings=body.get("buildings", {}), thermostats=thermostats)

    def to_body(self) -> dict[str, Any]:
        return {
            "buildings": dict(self.buildings),
            "thermostats": {serial: list(pair) for serial, pair in self.thermostats.items()},
        }

    def with_buildings(self, data: Any) -> Account:
        """After the list of buildings: those that are no longer in it go, with their thermostats."""
        buildings = {one: self.buildings.get(one, "") for one in _ids(data, words.OBJECT_ID_PATTERN)}
        thermostats = {serial: pair for serial, pair in self.thermostats.items() if pair[0] in buildings}
        return Account(buildings=buildings, thermostats=thermostats)

    def with_thermostats(self, building_id: str, data: Any) -> Account:
        """After the list of a building's thermostats."""
        listed = _ids(data, words.THERMOSTAT_ID_PATTERN)
        thermostats = {serial: pair for serial, pair in self.thermostats.items() if pair[0] != building_id}
        names = {serial: name for serial, (_, name) in self.thermostats.items()}
        thermostats |= {serial: (building_id, names.get(serial, "")) for serial in listed}
        return Account(buildings=self.buildings, thermostats=thermostats)

    def with_building_name(self, building_id: str, name: str) -> Account:
        return Account(buildings={**self.buildings, building_id: name}, thermostats=self.thermostats)

    def with_thermostat_name(self, serial: str, name: str) -> Account:
        pair = (self.thermostats[serial][0], name)
        return Account(buildings=self.buildings, thermostats={**self.thermostats, serial: pair})

    def thermostats_in(self, building_id: str) -> list[str]:
        return [serial for serial, pair in self.thermostats.items() if pair[0] == building_id]


def _ids(data: Any, pattern: str) -> list[str]:
    """Of a list; what is no id cannot be asked for."""
    items = data.get("items") if isinstance(data, Mapping) else None
    ids = [text(item.get("id")) for item in objects(items)]
    return [one for one in ids if one is not None and re.fullmatch(pattern, one)]
