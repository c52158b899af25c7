"""What an import did, for the person who started it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ownclimate.vendors.netatmo.pictures import PictureWanted


@dataclass(slots=True, kw_only=True)
class Tally:
    """How many things of one sort an import made, changed, and found as they already were."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        return self.created + self.updated + self.unchanged

    def text(self) -> str:
        parts = [
            f"{count} {word}"
            for count, word in (
                (self.created, "new"),
                (self.updated, "updated"),
                (self.unchanged, "unchanged"),
            )
            if count
        ]
        return ", ".join(parts)


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """`kind` is what the payload was recognised as; `is_taken` whether it became things or readings.

    `readings` counts rows that added or changed a value, `readings_unchanged` those already there.
    `kept_fields` are the paths (`body.home.modules[].fan_mode`) of what our model has no word for: kept as
    it came and told again by the same method, or in the raw archive only. All others are mapped.
    `pictures` are those that it names and that we do not hold, each once.
    """

    kind: str
    is_taken: bool = False
    is_kept_raw: bool = True
    is_repeat: bool = False
    sites: Tally = field(default_factory=Tally)
    rooms: Tally = field(default_factory=Tally)
    devices: Tally = field(default_factory=Tally)
    schedules: Tally = field(default_factory=Tally)
    events: Tally = field(default_factory=Tally)
    readings: int = 0
    readings_unchanged: int = 0
    unknown_types: Counter[str] = field(default_factory=Counter)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    kept_fields: tuple[str, ...] = ()
    pictures: list[PictureWanted] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def has_changed(self) -> bool:
        tallies = (self.sites, self.rooms, self.devices, self.schedules, self.events)
        return bool(self.readings or any(tally.created or tally.updated for tally in tallies))

    def want(self, lacking: Iterable[PictureWanted]) -> None:
        known = {picture.id for picture in self.pictures}
        self.pictures.extend(picture for picture in lacking if picture.id not in known)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def summary(self) -> str:
        """One line: the kind, then what was taken, or that it was only kept."""
        if not self.is_taken:
            return f"{self.kind}: {'kept as it came' if self.is_kept_raw else 'not kept'}"
        parts = [
            f"{tally.total} {word}{'' if tally.total == 1 else 's'} ({tally.text()})"
            for word, tally in (
                ("home", self.sites),
                ("room", self.rooms),
                ("device", self.devices),
                ("schedule", self.schedules),
                ("event", self.events),
            )
            if tally.total
        ]
        if self.readings or self.readings_unchanged:
            known = f" ({self.readings_unchanged} known already)" if self.readings_unchanged else ""
            parts.append(f"{self.readings} reading{'' if self.readings == 1 else 's'}{known}")
        return f"{self.kind}: {', '.join(parts) or 'nothing in it'}"

    def as_json(self) -> dict[str, Any]:
        """Everything that is told, for scripts. Addresses and keys of pictures are not."""
        tallies = ("sites", "rooms", "devices", "schedules", "events")
        return {
            "kind": self.kind,
            "is_taken": self.is_taken,
            "is_kept_raw": self.is_kept_raw,
            "is_repeat": self.is_repeat,
            **{name: dataclasses.asdict(getattr(self, name)) for name in tallies},
            "readings": self.readings,
            "readings_unchanged": self.readings_unchanged,
            "unknown_types": dict(self.unknown_types),
            "kept_fields": list(self.kept_fields),
            "pictures_lacking": len(self.pictures),
            "warnings": list(self.warnings),
        }

    def lines(self) -> list[str]:
        """The summary, then what a person may want to know beyond it."""
        found = [self.summary()]
        for word, counts in (("types", self.unknown_types), ("fields", self.unknown_fields)):
            if counts:
                listed = ", ".join(f"{name} ×{count}" for name, count in counts.most_common(12))
                more = f" and {len(counts) - 12} more" if len(counts) > 12 else ""
                found.append(f"  unknown {word}, kept as they came: {listed}{more}")
        if self.is_taken and self.kept_fields:
            count = len(self.kept_fields)
            found.append(
                f"  {count} field{'' if count == 1 else 's'} without a word of ours, kept as they came"
            )
        if self.pictures:
            found.append(f"  pictures at the vendor's cloud that are not held here: {len(self.pictures)}")
        found.extend(f"  {warning}" for warning in self.warnings)
        return found
