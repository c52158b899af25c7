"""An order and a command as values, and reading a command's arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.vocabulary import VENDOR

Params = Mapping[str, Any]
"""A command's arguments as they came; numbers may be text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """As `core.orders` has it. `wording` is what the command's log keeps of how it was asked for."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    wording: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A command in the vendor's words; `cloud_name` is how answers for LoRaWAN devices spell it."""

    command: str
    params: dict[str, Any] = field(default_factory=dict)
    cloud_name: str = ""


def wording_of(command: str, params: Params) -> dict[str, Any]:
    return {VENDOR: {"command": command, "params": dict(params)}}


def as_asked(wording: Mapping[str, Any]) -> Said | None:
    """The command as it was asked for here; None when nothing was kept of that."""
    said = wording.get(VENDOR)
    return None if said is None else Said(command=said["command"], params=dict(said["params"]))


def unknown_command(command: str, known: Iterable[str]) -> InvalidInput:
    has = ", ".join(known) or "none"
    return InvalidInput("command", f"this device has no command {command!r:.60}; it has {has}")


def refuse_others(params: Params, *known: str) -> None:
    """Raises InvalidInput for an argument that the command does not have."""
    for name in params:
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no arguments"
            raise InvalidInput(name, f"is no argument of this command, which {takes}")


def given(params: Params, name: str) -> Any:
    if params.get(name) is None:
        raise InvalidInput(name, "is required")
    return params[name]


def whole(params: Params, name: str, low: int, high: int) -> int:
    """A whole number, which may be text. Raises InvalidInput."""
    value = given(params, name)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidInput(name, f"expected a whole number from {low} to {high}")
    return value


def number(params: Params, name: str) -> float:
    """A number, which may be text; its range is looked at by whoever knows it."""
    value = given(params, name)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InvalidInput(name, "expected a number")
    return float(value)


def switch(params: Params, name: str) -> bool:
    """`on` or `off`, also as a truth or its number. Raises InvalidInput."""
    value = given(params, name)
    text = value.strip().lower() if isinstance(value, str) else value
    if isinstance(text, (str, int)) and text in _SWITCH:
        return _SWITCH[text]
    raise InvalidInput(name, 'expected "on" or "off"')


_WHOLE = re.compile(r"-?\d{1,9}")
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")
_SWITCH: dict[str | int, bool] = {"on": True, "off": False, "1": True, "0": False, 1: True, 0: False}
