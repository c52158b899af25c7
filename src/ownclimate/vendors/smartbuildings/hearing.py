"""A thing after the cloud spoke of it: pure functions.

What it says of its own things holds; names and places that somebody here changed hold until it says another
one. The same again changes nothing, so that nothing is written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.programmes import collected_link
from ownclimate.core.things import Device, Report, Site
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.mapping import Building, Said

NAME: Final = "name"
ZONE: Final = "time_zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """By which source, when. `linked` are the ids of the owner's connected sources."""

    source_id: str
    now_ms: int
    linked: Collection[str]

    def device(self, device: Device, said: Said, part: str | None) -> Device:
        """`part` names what is kept of the answer; None for a thing that has one answer only."""
        reports = {name: self.report(device.reports.get(name), value) for name, value in said.reports.items()}
        name, before = device.name, device.reports.get(NAME)
        if said.name:
            name = said.name if before is None or before.value != said.name else name
            reports[NAME] = self.report(before, said.name)
        kept = dict(device.kept.get(words.VENDOR, {}))
        if part is None:
            kept = dict(said.kept)
        else:
            kept.pop(part, None)
            kept |= {part: dict(said.kept)} if said.kept else {}
        others = {name: value for name, value in device.kept.items() if name != words.VENDOR}
        return dataclasses.replace(
            device,
            name=name,
            settings={**device.settings, **said.settings},
            reports={**device.reports, **reports},
            abilities=device.abilities | said.abilities,
            kept={**others, words.VENDOR: kept} if kept else others,
            link=collected_link(device, self.source_id, self.linked),
        )

    def placed(self, device: Device, building_id: str, site: Site | None) -> Device:
        """In the building that the cloud says, unless it said so before: somebody here may have moved it."""
        before = device.reports.get(words.BUILDING_SAID)
        if site is None or (before is not None and before.value == building_id):
            return device
        reports = {**device.reports, words.BUILDING_SAID: self.report(before, building_id)}
        return dataclasses.replace(device, reports=reports, site_id=site.id, room_id=None)

    def site(self, site: Site, said: Building) -> Site:
        told = {NAME: said.name, ZONE: said.time_zone}
        changes: dict[str, Any] = {}
        reports = dict(site.reports)
        for name, value in told.items():
            before = reports.get(name)
            if value and (before is None or before.value != value):
                changes[name] = value
            if value:
                reports[name] = self.report(before, value)
        others = {name: value for name, value in site.kept.items() if name != words.VENDOR}
        return dataclasses.replace(
            site,
            place=dataclasses.replace(said.place, altitude_m=site.place.altitude_m),
            settings=site.settings if said.size is None else {**site.settings, words.SIZE_CLASS: said.size},
            reports=reports,
            kept={**others, words.VENDOR: dict(said.kept)} if said.kept else others,
            **changes,
        )

    def report(self, before: Report | None, value: Any) -> Report:
        """Since when it is said: the same again is no news."""
        if before is not None and before.value == value and before.source == self.source_id:
            return before
        return Report(value=value, at_ms=self.now_ms, source=self.source_id)
