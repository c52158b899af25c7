"""From what a source says of a thing to the attributes that every other room reads. Pure functions.

An attribute follows its report only when the report changes, so that a name given here by hand
outlives every further import that says the same as before.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from ownclimate.core.things import Ability, Device, Place, Report, Room, Site
from ownclimate.vendors.netatmo.vocabulary import UNKNOWN_MODEL, product

MAX_ID: Final = 100
MAX_NAME: Final = 200
UNNAMED_SITE: Final = "Home"


def unnamed_room(wire_id: str) -> str:
    """What a room is called that nobody named."""
    return f"Room {wire_id}"


_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5,7}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_MEASURES: Final = {
    "Temperature": Ability.TEMPERATURE,
    "Humidity": Ability.HUMIDITY,
    "CO2": Ability.CO2,
    "Noise": Ability.NOISE,
    "Pressure": Ability.PRESSURE,
    "Rain": Ability.RAIN,
    "Wind": Ability.WIND,
    "health_idx": Ability.AIR_QUALITY,
}

Thing = TypeVar("Thing", Device, Room, Site)


def address(value: Any) -> str | None:
    """A thing's external id as we compare it: lower case, without the spaces that some answers have.

    None for what cannot be an id.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > 2 * MAX_ID:
        return None
    return _joined(value)


@functools.lru_cache(maxsize=8_192)
def _joined(text: str) -> str | None:
    """Remembered: an answer compares each id of its home many times."""
    joined = "".join(text.split()).lower()
    return joined if 0 < len(joined) <= MAX_ID and not _CONTROL.search(joined) else None


def clean_name(value: Any) -> str:
    """A name fit to be shown: without control characters and not endless."""
    return _CONTROL.sub(" ", value).strip()[:MAX_NAME] if isinstance(value, str) else ""


def is_mac(text: str) -> bool:
    return _MAC.fullmatch(text) is not None


def is_zone(name: Any) -> bool:
    """Whether this machine's time zone data knows the name."""
    if not isinstance(name, str) or not name:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def report_of(reports: Mapping[str, Report], name: str) -> Any:
    found = reports.get(name)
    return None if found is None else found.value


def changed(before: Thing | None, after: Thing, name: str) -> bool:
    """Whether the report says something, and something else than before."""
    now = report_of(after.reports, name)
    return now is not None and (before is None or report_of(before.reports, name) != now)


def derive_site(before: Site | None, site: Site) -> Site:
    changes: dict[str, Any] = {}
    if changed(before, site, "name") and (name := clean_name(report_of(site.reports, "name"))):
        changes["name"] = name
    if changed(before, site, "time_zone") and is_zone(zone := report_of(site.reports, "time_zone")):
        changes["time_zone"] = zone
    if any(changed(before, site, name) for name in ("location", "altitude_m", "country")):
        changes["place"] = place_of(site.reports, site.place)
    return dataclasses.replace(site, **changes)


def place_of(reports: Mapping[str, Report], known: Place = Place()) -> Place:
    """Where a site or station says it stands; what it does not say stays as known."""
    location = report_of(reports, "location") or {}
    altitude, country = report_of(reports, "altitude_m"), report_of(reports, "country")
    return dataclasses.replace(
        known,
        latitude=location.get("latitude", known.latitude),
        longitude=location.get("longitude", known.longitude),
        altitude_m=known.altitude_m if altitude is None else float(altitude),
        country=known.country if country is None else clean_name(country),
        city=clean_name(report_of(reports, "city")) or known.city,
    )


def derive_room(before: Room | None, room: Room) -> Room:
    changes: dict[str, Any] = {}
    if changed(before, room, "name") and (name := clean_name(report_of(room.reports, "name"))):
        changes["name"] = name
    if changed(before, room, "kind"):
        changes["kind"] = clean_name(report_of(room.reports, "kind"))
    return dataclasses.replace(room, **changes)


def derive_device(before: Device | None, device: Device) -> Device:
    """Name, model, abilities and firmware; where the device stands is linked by the importer."""
    changes: dict[str, Any] = {}
    for source in ("name", "plain_name", "station_name"):
        name = clean_name(report_of(device.reports, source))
        if name:
            if changed(before, device, source):
                changes["name"] = name
            break
    if changed(before, device, "model"):
        changes["model"] = clean_name(report_of(device.reports, "model")) or UNKNOWN_MODEL
    if changed(before, device, "model") or changed(before, device, "measures"):
        changes["abilities"] = abilities_of(device.reports)
    if changed(before, device, "firmware"):
        changes["firmware"] = str(report_of(device.reports, "firmware"))
    return dataclasses.replace(device, **changes)


def abilities_of(reports: Mapping[str, Report]) -> frozenset[Ability]:
    """By product code; a product that we do not know by the measures it lists."""
    known = product(str(report_of(reports, "model")))
    if known is not None:
        return known.abilities
    measures = report_of(reports, "measures") or ()
    return frozenset(_MEASURES[name] for name in measures if name in _MEASURES)
