"""What an account holds, as far as collecting needs it: homes to ask the state of, things with a past.

Things that are no longer in an answer stay, marked: their past may still be had.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.things import Ability
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.mapping import address, clean_name, is_zone
from ownclimate.vendors.netatmo.measures import AS_MEASURED
from ownclimate.vendors.netatmo.recognise import HOMES, STATIONS

HALF_HOURS: Final = "30min"
"""Of energy, which is told in sums, and of rooms, which are told in means."""

MEASURED: Final[Mapping[str, tuple[str, ...]]] = {
    vocabulary.STATION: ("temperature", "co2", "humidity", "pressure", "noise"),
    vocabulary.OUTDOOR: ("temperature", "humidity"),
    vocabulary.ANEMOMETER: ("windstrength", "windangle", "guststrength", "gustangle"),
    vocabulary.RAIN_GAUGE: ("rain",),
    vocabulary.INDOOR: ("temperature", "co2", "humidity"),
    vocabulary.COACH: ("temperature", "co2", "humidity", "pressure", "noise", "health_idx"),
    vocabulary.THERMOSTAT: ("temperature", "sp_temperature", "boileron", "boileroff"),
}
"""What getmeasure has of a product as it was measured, all of it in one call."""

WIND: Final = ("windstrength", "windangle", "guststrength", "gustangle")
"""What `data_type` calls Wind, in the words of getmeasure. Its other words differ in their case only."""
ROOM_TYPES: Final = ("temperature", "sp_temperature")
METERED: Final = frozenset({Ability.ENERGY, Ability.POWER})
ECOMETER: Final = "NLE"
ENERGY: Final = "sum_energy_buy_from_grid"
ENERGY_OF_ECOMETER: Final = "sum_energy_elec"
TARIFFS: Final = ("$0", "$1", "$2")
"""Without tariffs all of it is in the first. The sum over them is null in answers that have them."""
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the cloud can be asked of a thing's past, in one call. `gateway` is the device through which
    it is asked for, the thing itself where it needs none. Bins of a `scale` are cut in `zone`.

    `told_by` is the method that tells of the thing; `is_told`: its last answer did.
    """

    gateway: str
    product: str
    types: tuple[str, ...]
    scale: str = AS_MEASURED
    zone: str = ""
    told_by: str = HOMES
    is_told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`homes` are names by id, of those with modules; `watched` those among them that tell of events.

    `rooms` are names by (home, room), of those in which one device measures whose own past cannot be had.
    """

    homes: Mapping[str, str] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    rooms: Mapping[tuple[str, str], str] = field(default_factory=dict)
    pasts: Mapping[str, Past] = field(default_factory=dict)

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Account:
        return cls(
            homes=body.get("homes", {}),
            watched=frozenset(body.get("watched", ())),
            rooms={(home, room): name for home, room, name in body.get("rooms", ())},
            pasts={
                key: Past(**{**past, "types": tuple(past["types"])})
                for key, past in body.get("pasts", {}).items()
            },
        )

    def to_body(self) -> dict[str, Any]:
        return {
            "homes": dict(self.homes),
            "watched": sorted(self.watched),
            "rooms": [[home, room, name] for (home, room), name in self.rooms.items()],
            "pasts": {
                key: {**dataclasses.asdict(past), "types": list(past.types)}
                for key, past in self.pasts.items()
            },
        }

    def with_homes(self, said: Any) -> Account:
        """After an answer of homesdata."""
        account = self._forgotten(HOMES)
        for home in _objects(said, "homes"):
            home_id = address(home.get("id"))
            if home_id is not None and home.get("modules"):
                account = account._with_home(home_id, home)
        return account

    def with_stations(self, said: Any, method: str = STATIONS) -> Account:
        """After an answer of getstationsdata or gethomecoachsdata. Others' favourites are not collected."""
        pasts = dict(self._forgotten(method).pasts)
        for station in _objects(said, "devices"):
            station_id = address(station.get("_id"))
            if station.get("favorite") is True or station_id is None:
                continue
            for thing in (station, *_objects(station, "modules")):
                thing_id, types = address(thing.get("_id")), _types_of(thing)
                if thing_id is not None and types:
                    product = clean_name(thing.get("type"))
                    pasts[thing_id] = Past(gateway=station_id, product=product, types=types, told_by=method)
        return dataclasses.replace(self, pasts=pasts)

    def _forgotten(self, method: str) -> Account:
        """With nothing told of by the method, before its answer is read."""
        pasts = {
            key: dataclasses.replace(past, is_told=False) if past.told_by == method else past
            for key, past in self.pasts.items()
        }
        return dataclasses.replace(self, pasts=pasts)

    def _with_home(self, home_id: str, home: Mapping[str, Any]) -> Account:
        modules = list(_objects(home, "modules"))
        named, zone = home.get("timezone"), ""
        if isinstance(named, str) and is_zone(named):
            zone = named
        pasts = {module_id: past for module in modules for module_id, past in _past_of(module, zone)}
        families = {product.family for module in modules if (product := _product(module)) is not None}
        is_watched = not families.isdisjoint(vocabulary.SECURITY) or bool(home.get("persons"))
        before = {key: name for key, name in self.rooms.items() if key[0] != home_id}
        return dataclasses.replace(
            self,
            homes={**self.homes, home_id: clean_name(home.get("name")) or home_id},
            watched=self.watched | {home_id} if is_watched else self.watched,
            rooms=before | _rooms_of(home_id, home, modules),
            pasts={**self.pasts, **pasts},
        )


def _past_of(module: Mapping[str, Any], zone: str) -> Iterator[tuple[str, Past]]:
    """The module's id and its past, where it has one of its own."""
    module_id, code, product = address(module.get("id")), module.get("type"), _product(module)
    if module_id is None or product is None or not isinstance(code, str):
        return
    gateway = address(module.get("bridge"))
    if code == vocabulary.THERMOSTAT and gateway is not None:
        yield module_id, Past(gateway=gateway, product=code, types=MEASURED[code])
    elif not METERED.isdisjoint(product.abilities):
        name = ENERGY_OF_ECOMETER if code == ECOMETER else ENERGY
        types = tuple(name + tariff for tariff in TARIFFS)
        # A line of a meter that is its own gateway is asked for through the meter.
        through = gateway or module_id.partition("#")[0]
        yield module_id, Past(gateway=through, product=code, types=types, scale=HALF_HOURS, zone=zone)


def _rooms_of(
    home_id: str, home: Mapping[str, Any], modules: list[Mapping[str, Any]]
) -> dict[tuple[str, str], str]:
    """Rooms whose temperatures only the room has a past of, and whose one device they are."""
    measuring = Counter[str]()
    regulated = set[str]()
    for module in modules:
        room_id, product = address(module.get("room_id")), _product(module)
        if room_id is None or product is None or Ability.TEMPERATURE not in product.abilities:
            continue
        measuring[room_id] += 1
        if module.get("type") in vocabulary.REGULATORS - {vocabulary.THERMOSTAT}:
            regulated.add(room_id)
    names = {address(room.get("id")): clean_name(room.get("name")) for room in _objects(home, "rooms")}
    return {
        (home_id, room_id): names.get(room_id) or room_id
        for room_id in sorted(regulated)
        if measuring[room_id] == 1
    }


def _types_of(thing: Mapping[str, Any]) -> tuple[str, ...]:
    """What getmeasure has of a weather product: as we know it, else as it says itself. Nothing of one that
    says that it measures nothing."""
    known = MEASURED.get(str(thing.get("type")))
    said = thing.get("data_type")
    if said == []:
        return ()
    if known is not None or not isinstance(said, list):
        return known or ()
    words = [word.lower() for word in said if isinstance(word, str)]
    types = [name for word in words for name in (WIND if word == "wind" else (word,))]
    return tuple(name for name in dict.fromkeys(types) if _TYPE.fullmatch(name))


def _product(module: Mapping[str, Any]) -> vocabulary.Product | None:
    code = module.get("type")
    return vocabulary.product(code) if isinstance(code, str) else None


def _objects(said: Any, name: str) -> Iterator[Mapping[str, Any]]:
    listed = said.get(name) if isinstance(said, Mapping) else None
    return (item for item in listed if isinstance(item, Mapping)) if isinstance(listed, list) else iter(())
