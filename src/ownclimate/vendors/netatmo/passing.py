"""What a station says in passing of the home that it stands in: its name, its zone, its place.

It counts where the home itself has not spoken. Name and zone follow the stations' newest word, unless
somebody here changed them: each is kept as a report, to tell the one from the other.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.things import Place, Report, Site
from ownclimate.vendors.netatmo.mapping import UNNAMED_SITE

NAME: Final = "passing_name"
ZONE: Final = "passing_time_zone"
DEFAULT_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """One station's word. Empty texts are what it did not say."""

    name: str
    time_zone: str
    place: Place
    said_ms: int
    source: str

    def blank(self, owner_id: OwnerId) -> Site:
        """A site of which nothing is known yet."""
        return Site(id=SiteId(""), owner_id=owner_id, name=UNNAMED_SITE, number=0)

    def filled(self, site: Site) -> Site:
        """The site with what the station says where nothing better is known."""
        changes: dict[str, Any] = {}
        reports = dict(site.reports)
        for attribute, better, report, default, said in (
            ("name", "name", NAME, UNNAMED_SITE, self.name),
            ("time_zone", "time_zone", ZONE, DEFAULT_ZONE, self.time_zone),
        ):
            before = reports.get(report)
            is_news = before is None or (before.at_ms < self.said_ms and before.value != said)
            if not said or better in reports or not is_news:
                continue
            if getattr(site, attribute) == (default if before is None else before.value):
                changes[attribute] = said
            reports[report] = Report(value=said, at_ms=self.said_ms, source=self.source)
        if site.place == Place():
            changes["place"] = self.place
        return dataclasses.replace(site, reports=reports, **changes)
