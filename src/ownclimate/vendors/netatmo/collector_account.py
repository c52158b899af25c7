"""What an account holds, as far as collecting needs it: homes to ask the state of, devices with a past.

Things that are no longer in an answer stay: their past may still be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.mapping import address

MEASURED: Final[Mapping[str, tuple[str, ...]]] = {
    vocabulary.STATION: ("temperature", "co2", "humidity", "pressure", "noise"),
    vocabulary.OUTDOOR: ("temperature", "humidity"),
    vocabulary.ANEMOMETER: ("windstrength", "windangle", "guststrength", "gustangle"),
    vocabulary.RAIN_GAUGE: ("rain",),
    vocabulary.INDOOR: ("temperature", "co2", "humidity"),
    vocabulary.COACH: ("temperature", "co2", "humidity", "pressure", "noise", "health_idx"),
    vocabulary.THERMOSTAT: ("temperature", "sp_temperature"),
}
"""What getmeasure has of a product at `scale=max`, all of it in one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`homes`: names by id, of those with modules. `measured`: (gateway or itself, product) by device."""

    homes: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Account:
        measured = {key: (pair[0], pair[1]) for key, pair in body.get("measured", {}).items()}
        return cls(homes=body.get("homes", {}), measured=measured)

    def to_body(self) -> dict[str, Any]:
        return {
            "homes": dict(self.homes),
            "measured": {key: list(pair) for key, pair in self.measured.items()},
        }

    def with_homes(self, said: Any) -> Account:
        """After an answer of homesdata."""
        homes, measured = dict(self.homes), dict(self.measured)
        for home in _objects(said, "homes"):
            home_id, name = address(home.get("id")), home.get("name")
            if home_id is None or not home.get("modules"):
                continue
            homes[home_id] = name if isinstance(name, str) else home_id
            for module in _objects(home, "modules"):
                module_id, gateway = address(module.get("id")), address(module.get("bridge"))
                is_thermostat = module.get("type") == vocabulary.THERMOSTAT
                if is_thermostat and module_id is not None and gateway is not None:
                    measured[module_id] = (gateway, vocabulary.THERMOSTAT)
        return Account(homes=homes, measured=measured)

    def with_stations(self, said: Any) -> Account:
        """After an answer of getstationsdata or gethomecoachsdata. Others' favourites are not collected."""
        measured = dict(self.measured)
        for station in _objects(said, "devices"):
            station_id = address(station.get("_id"))
            if station.get("favorite") is True or station_id is None:
                continue
            for thing in (station, *_objects(station, "modules")):
                thing_id, product = address(thing.get("_id")), thing.get("type")
                if thing_id is not None and isinstance(product, str) and product in MEASURED:
                    measured[thing_id] = (station_id, product)
        return Account(homes=self.homes, measured=measured)


def _objects(said: Any, name: str) -> Iterator[Mapping[str, Any]]:
    listed = said.get(name) if isinstance(said, Mapping) else None
    return (item for item in listed if isinstance(item, Mapping)) if isinstance(listed, list) else iter(())
