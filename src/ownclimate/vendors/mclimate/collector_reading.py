"""Reading the cloud's answers: items of collections, instants, and fields as values of ours.

Nothing is refused for being odd. Numbers may be text; what is no number gives no value, and stays in the
archived answer. Source: the vendor's API documents, "HAL" and "Provider", and the fixtures of real clients.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ownclimate.core.linking import CHIRPSTACK, THINGS_STACK
from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.codecs.engine import Fields
from ownclimate.vendors.mclimate.codecs.mapping import SECONDS_PER_MINUTE, Understood, to_core
from ownclimate.vendors.mclimate.codecs.meanings import doubts
from ownclimate.vendors.mclimate.codecs.models import MODELS
from ownclimate.vendors.mclimate.codecs.vicki import valve_openness
from ownclimate.vendors.mclimate.face.provider.fields import VICKI_NAMES
from ownclimate.vendors.mclimate.vocabulary import Word

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTHS: Final = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}
_FALSE: Final = frozenset({"", "0", "false", "off", "null"})

_STATED: Final = ("timeOfRecord", "lastActive")
"""Members that tell when the device last said something."""
_PASSING: Final = frozenset(
    {
        "activeFrom", "application", "createdAt", "frameCount", "ip", "joinRequestCount", "lastActive", "mac",
        "network_provider", "online", "pendingCommandStatus", "port", "rssi", "scheduleInfo", "spf",
        "timeOfRecord", "uptime", "version",
    }
)  # fmt: skip
"""Members that change with every frame, or that the device has a place of its own for."""
_NETWORKS: Final = {
    "the_things_network": THINGS_STACK,
    "the_things_industries": THINGS_STACK,
    "chirpstack": CHIRPSTACK,
}
_TOGETHER: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "t_valve": {
        "manualControl": {"manualOpenIndicator": "enableOpen", "manualCloseIndicator": "enableClose"},
        "openCloseTime": {"openTime": "openingTime", "closeTime": "closingTime"},
    }
}
"""By model what frames tell in one field, and the members that tell the same here."""
_WRITTEN: Final = re.compile(r"true|false|-?(0|[1-9]\d{0,15})(\.\d{1,15})?")
LARGEST_STEP_C: Final = 10
"""A published sample has a step of half a degree as 50: hundredths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a device is said to be at the moment, in the core's words. `at_ms` is when it said so itself, 0
    where that is not told; `is_online` None likewise."""

    values: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    firmware: str = ""
    keepalive_s: int = 0
    at_ms: int = 0
    is_online: bool | None = None


def items_of(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A collection's items. An empty one has the form of an entity; one entity counts as its only item."""
    embedded = document.get("_embedded")
    listed = embedded.get(name) if isinstance(embedded, Mapping) else document.get(name)
    if isinstance(listed, Mapping):
        return [listed] if listed else []
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


def last_page(document: Mapping[str, Any]) -> int:
    """How many pages the collection has, by its `last` link; 1 where it has none."""
    links = document.get("_links")
    last = links.get("last") if isinstance(links, Mapping) else None
    href = last.get("href") if isinstance(last, Mapping) else None
    pages = parse_qs(urlsplit(href).query).get("page", ()) if isinstance(href, str) else ()
    return max([1, *(int(page) for page in pages if page.isdecimal() and len(page) < 7)])


def text_of(value: Any) -> str:
    """The text, or the number as text; empty for what is neither."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def number_of(value: Any) -> float | None:
    """A number, which may be text or a truth; None for what is none, or not finite."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _TRUTHS:
            return _TRUTHS[text]
        value = text if "_" not in text else ""
    elif not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def whole_of(value: Any) -> int | None:
    number = number_of(value)
    return int(number) if number is not None and number.is_integer() else None


def truth_of(value: Any) -> bool:
    return value.strip().lower() not in _FALSE if isinstance(value, str) else bool(value)


def instant_of(value: Any) -> int | None:
    """Epoch milliseconds of "2018-01-16 18:02:36", which is UTC, or of an ISO instant as it is written."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - _EPOCH) // timedelta(milliseconds=1)


def log_values(type_name: str, item: Mapping[str, Any]) -> dict[str, float]:
    """A row of a controller's log as values of ours; those that can be no value are left out."""
    readers = _readers(type_name)
    found: dict[str, float] = {}
    for name, written in item.items():
        reader = readers.get(name)
        number = _total(written) if reader is not None else None
        if reader is not None and number is not None:
            found[reader[0]] = reader[1].read(number)
    return found


def read_provider(type_name: str, provider: Mapping[str, Any]) -> Told:
    """What `provider/fetch` tells of a device of that type. What comes from a sensor that calls itself
    broken is no reading."""
    given: Fields = {name: value for name, value in provider.items() if value is not None}
    stated = (instant_of(given.get(name)) for name in _STATED)
    broken = doubts(type_name, given)
    values = log_values(type_name, {name: value for name, value in given.items() if name not in broken})
    readers = _readers(type_name)
    unread = {name: value for name, value in given.items() if name not in readers or _total(value) is None}
    said = _decoded(type_name, unread) if type_name in MODELS else Understood()
    position, span = whole_of(given.get("motorPosition")), whole_of(given.get("motorRange"))
    if type_name == vocabulary.VICKI and position is not None and span is not None:
        # Frames tell how far open the valve is; here it follows from where its motor stands.
        values["valve_pct"] = float(valve_openness(position, span))
    return Told(
        values={**said.values, **values},
        settings=said.settings,
        reports={**said.reports, **_network(given)},
        kept=said.kept,
        firmware=said.firmware or text_of(given.get("version")),
        keepalive_s=said.keepalive_s,
        at_ms=next((at_ms for at_ms in stated if at_ms is not None), 0),
        is_online=truth_of(given["online"]) if "online" in given else None,
    )


@functools.cache
def _readers(type_name: str) -> Mapping[str, tuple[str, Word]]:
    """By the name that a field has on the wire the quantity that it is; what has no word goes by ours."""
    words = {quantity: vocabulary.word_for(type_name, quantity) for quantity in QUANTITIES}
    return {word.name: (quantity, word) for quantity, word in words.items()}


def _total(written: Any) -> float | None:
    """A number; of a list (a plug tells the power of each socket) their sum."""
    if not isinstance(written, list):
        return number_of(written)
    numbers = [number for number in map(number_of, written) if number is not None]
    return sum(numbers) if numbers else None


def _decoded(model: str, given: Mapping[str, Any]) -> Understood:
    """A LoRaWAN device's members as its frames have them. What has another shape than frames give it is
    kept as it came."""
    fields = {
        VICKI_NAMES.get(name, name): _untexted(value) for name, value in given.items() if name not in _PASSING
    }
    if fields.get("childLock") in (0, 1):
        fields["childLock"] = bool(fields["childLock"])
    for name, members in _TOGETHER.get(model, {}).items():
        if members.keys() <= fields.keys():
            fields[name] = {theirs: fields[member] for member, theirs in members.items()}
    minutes = number_of(fields.pop("keepAliveTime", None)) or 0
    versions = fields.get("deviceVersions")
    if not isinstance(versions, Mapping) or not versions.get("software"):
        fields.pop("deviceVersions", None)
    step = fields.get("targetTemperatureStep")
    if isinstance(step, (int, float)) and step > LARGEST_STEP_C:
        fields["targetTemperatureStep"] = step / 100
    odd = {name: value for name, value in fields.items() if not _is_readable(model, name, value)}
    said = to_core(model, {name: value for name, value in fields.items() if name not in odd})
    return Understood(
        values={name: value for name, value in said.values.items() if math.isfinite(value)},
        settings=said.settings,
        reports=said.reports,
        kept={**said.kept, **odd},
        firmware=said.firmware,
        keepalive_s=round(minutes * SECONDS_PER_MINUTE),
    )


def _untexted(value: Any) -> Any:
    """With the numbers and truths that are written as text as what they are; codes such as "01" stay text."""
    if isinstance(value, Mapping):
        return {name: _untexted(item) for name, item in value.items()}
    if not isinstance(value, str) or not _WRITTEN.fullmatch(value):
        return value
    if value in ("true", "false"):
        return value == "true"
    return float(value) if "." in value else int(value)


def _is_readable(model: str, name: str, value: Any) -> bool:
    try:
        to_core(model, {name: value})
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return False
    return True


def _network(given: Mapping[str, Any]) -> dict[str, Any]:
    """By which network server and application the cloud hears the device."""
    server = _NETWORKS.get(text_of(given.get("network_provider")))
    application = text_of(given.get("application"))
    return ({"network_server": server} if server else {}) | (
        {"application": application} if application else {}
    )
