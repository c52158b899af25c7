"""What a device's message tells, in our words: values that every profile reads its payloads into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ownclimate.core.readings import Instants, Values
from ownclimate.core.things import Ability


class Outcome(Enum):
    """What became of an order, as the device says it. `UNKNOWN`: it never saw the order."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who a device is. Empty texts and 0 are what it did not say."""

    vendor: str = ""
    model: str = ""
    name: str = ""
    firmware: str = ""
    mac: str = ""
    keepalive_s: int = 0
    abilities: frozenset[Ability] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """What it measured; NaN where a row lacks a quantity."""

    times_ms: Instants
    columns: Mapping[str, Values]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What it holds: quantities by name, and settings that are no quantities.

    `at_ms` None: the message does not say since when.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    command_id: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. What it does not speak of is None.

    `values` were measured when the message arrived. `notes` say what in it was not understood.
    """

    is_online: bool | None = None
    about: About | None = None
    rows: Rows | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    state: State | None = None
    result: Result | None = None
    notes: Sequence[str] = ()
