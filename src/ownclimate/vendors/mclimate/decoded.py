"""A LoRaWAN device as its own frames describe it: the codec's field names, out of what the core keeps.

The way back from `codecs.mapping`, for the parts of the API that show a device's fields as its maker
decodes them.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.codecs import meanings
from ownclimate.vendors.mclimate.codecs.downlinks import MOST_BYTES
from ownclimate.vendors.mclimate.codecs.models import MODELS

LORAWAN = "lorawan"
"""The source under which a device's fields without a word of ours are kept."""
SECONDS_PER_MINUTE = 60
NUMBERS_TRIED = 16
"""Every list of words in the tables is shorter."""

Say = Callable[[Any], Any]


def decoded_fields(device: Device, latest: Mapping[str, LatestValue]) -> dict[str, Any]:
    """Everything known of the device under the names that its decoded frames have."""
    words = _words_of(device.model)
    fields: dict[str, Any] = dict(device.kept.get(LORAWAN, {}))
    fields |= {
        name: back(device.settings[ours]) for name, ours, back in words.settings if ours in device.settings
    }
    fields |= {
        name: back(device.reports[ours].value) for name, ours, back in words.reports if ours in device.reports
    }
    for quantity, known in latest.items():
        if (word := words.values.get(quantity)) is not None:
            fields[word.name] = word.write(known.value)
    if device.keepalive_s:
        fields["keepAliveTime"] = vocabulary.plain(device.keepalive_s / SECONDS_PER_MINUTE)
    if device.firmware:
        hardware = device.reports.get("hardware")
        fields["deviceVersions"] = {
            "hardware": _undotted(str(hardware.value)) if hardware else None,
            "software": _undotted(device.firmware),
        }
    return fields


Back = tuple[str, str, Say]
"""A field, the name that we keep it under, and how its value is said in its maker's words again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """A model's fields by what they are to the core; no two are the same setting or report."""

    values: Mapping[str, vocabulary.Word]
    settings: tuple[Back, ...]
    reports: tuple[Back, ...]


@functools.cache
def _words_of(model: str) -> _Words:
    """Every model shares the tables, so of fields that mean the same it is the one that the model sends."""
    sent = _fields_sent(model)
    values = {
        quantity: _written(next((name for name in names if name in sent), names[0]))
        for quantity, names in meanings.QUANTITY_FIELDS.items()
    }
    return _Words(
        values=values | dict(vocabulary.WORDS.get(model, {})),
        settings=_backwards({**meanings.SETTINGS, **meanings.OWN_SETTINGS.get(model, {})}, sent),
        reports=_backwards({**meanings.REPORTS, **meanings.OWN_REPORTS.get(model, {})}, sent),
    )


def _fields_sent(model: str) -> frozenset[str]:
    """Every field that the model has, as its table reads them out of frames of zeros."""
    reading = MODELS.get(model)
    if reading is None:
        return frozenset()
    sent: set[str] = set()
    for answer in reading.answers.values():
        sent.update(answer.read(bytes(answer.length_in(bytes(MOST_BYTES)))))
    for keepalive in reading.keepalives:
        sent.update(keepalive.read(bytes([keepalive.code, *bytes(keepalive.length - 1)])))
    return frozenset(sent)


def _written(name: str) -> vocabulary.Word:
    unit = meanings.UNITS.get(name, 1)
    return vocabulary.Word(name, lambda value: vocabulary.plain(value / unit))


def _backwards(table: Mapping[str, tuple[str, Say]], sent: frozenset[str]) -> tuple[Back, ...]:
    """What only one field says is said by it, also by a device whose frames of zeros do not have it."""
    saying = Counter(ours for ours, _ in table.values())
    return tuple(
        (name, ours, _inverse(say))
        for name, (ours, say) in table.items()
        if name in sent or saying[ours] == 1
    )


class _Echo:
    """Answers every key with itself: what a renaming makes of it tells their names by ours."""

    def __getitem__(self, name: str) -> str:
        return name


def _inverse(say: Say) -> Say:
    """Undoes a saying, found by trying it on everything that a device can send where words are chosen.

    The tables have four kinds: as it came, other names within it, a word for a code of two digits, a word
    for a number.
    """
    try:
        renamed = say(_Echo())
    except TypeError:
        renamed = None
    if isinstance(renamed, dict):
        return lambda value: {theirs: value.get(ours) for ours, theirs in renamed.items()}
    codes = [f"{number:02X}" for number in range(NUMBERS_TRIED)]
    for sent in (codes, list(range(NUMBERS_TRIED))):
        said = _first_of_each(say, sent)
        if len(said) > 1 and any(value is not word for word, value in said.items()):
            return functools.partial(_looked_up, said)
    return lambda value: value


def _looked_up(said: Mapping[Hashable, Any], value: Any) -> Any:
    return said.get(value, value) if isinstance(value, Hashable) else value


def _first_of_each(say: Say, sent: list[Any]) -> dict[Hashable, Any]:
    said: dict[Hashable, Any] = {}
    for value in sent:
        said.setdefault(say(value), value)
    return said


def _undotted(version: str) -> int | str:
    """4.3 as 43; what is no decimal number stays text."""
    digits = version.replace(".", "")
    return int(digits) if digits.isdecimal() else digits
