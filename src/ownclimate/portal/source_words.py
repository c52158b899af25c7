"""What pages say of sources: what they are, what they do now, what is missing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ownclimate.core.linking import CHIRPSTACK, MQTT, THINGS_STACK
from ownclimate.core.things import Source
from ownclimate.links.states import SavedState
from ownclimate.portal.words import DAY_S, HOUR_S, MINUTE_S, grouped, moment_text
from ownclimate.sync.book import Live
from ownclimate.sync.kinds import CloudKind

KIND_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {THINGS_STACK: "The Things Stack", CHIRPSTACK: "ChirpStack", MQTT: "MQTT broker"}
)
UP_TO_DATE: Final = "up to date"
WAITING: Final = "waits"
"""How what an engine does begins when it makes no calls."""


def kind_name(kind: str, clouds: Mapping[str, CloudKind]) -> str:
    if kind not in clouds:
        return KIND_NAMES.get(kind, kind)
    title = clouds[kind].title
    return f"{title}{'’' if title.endswith('s') else '’s'} cloud"


def called(source: Source, clouds: Mapping[str, CloudKind]) -> str:
    """For the middle of a text: the kind, and its name where that says more."""
    name = kind_name(source.kind, clouds)
    plain = {source.kind, name, clouds[source.kind].title if source.kind in clouds else ""}
    return name if source.name in plain else f"{name} “{source.name}”"


def cloud_state(source: Source, live: Live, saved: SavedState | None, zone: datetime.tzinfo) -> str:
    """What a cloud's source does now."""
    if source.is_paused:
        return "Paused"
    if not live.at_ms:
        return "Cannot begin" if saved is not None and saved.link.last_error else "About to begin"
    when = moment_text(live.next_ms, zone) if live.next_ms else ""
    if live.activity == UP_TO_DATE:
        return f"Up to date; asks again {when}" if when else "Up to date"
    if live.activity.startswith(WAITING):
        return f"{live.activity.capitalize()}; goes on {when}"
    return f"Asks for {live.activity}"


def link_state(source: Source, saved: SavedState | None) -> str:
    """What a network server's or a broker's source does now."""
    if source.is_paused:
        return "Paused"
    if not source.settings.get("broker"):
        return "Answers only; its webhook is what is heard"
    if saved is None:
        return "About to begin"
    return "Connected" if saved.link.connected_since_ms else "Not connected"


def day_text(at_ms: int, zone: datetime.tzinfo) -> str:
    """3 May 2026, in the zone."""
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, zone)
    return f"{moment.day} {moment:%B %Y}"


def silence_text(name: str, since_ms: int, zone: datetime.tzinfo) -> str:
    """Of a cloud that answers no more."""
    return (
        f"{name} has not answered since {day_text(since_ms, zone)}. What was collected until then stays here "
        "and is served as before; devices that only it can reach cannot be controlled."
    )


def long_text(milliseconds: int) -> str:
    """Roughly how long: 3 days, 2 hours, 40 minutes."""
    seconds = max(MINUTE_S, milliseconds // 1000)
    for unit_s, unit in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= unit_s:
            count = round(seconds / unit_s)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("a minute is the shortest")


def counted(number: int, word: str) -> str:
    return f"{grouped(number)} {word}{'' if number == 1 else 's'}"


def listed(parts: Iterable[str]) -> str:
    """a, b and c"""
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last
