"""What can be said of a source of Wi-Fi devices, and the profiles that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.devices import checked_vendor_id
from ownclimate.core.errors import InvalidInput
from ownclimate.links.devices import esphome, native, tasmota
from ownclimate.links.devices.profiles import Profile

PROFILES: Final = (native.NAME, tasmota.NAME, esphome.NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """`prefix` None leaves each profile its own. `names` gives devices by the names on their topics
    (`NAME`, for ESPHome also `NODE/SWITCH`). With `known_only` no device is made on first sight. Of a source
    that `is_simulated` readings are a simulation's, which every other origin outranks."""

    profiles: tuple[str, ...] = (native.NAME,)
    prefix: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    known_only: bool = False
    is_simulated: bool = False


def link_settings(settings: Mapping[str, Any]) -> LinkSettings:
    """From a source's settings, checked. Raises InvalidInput naming the setting."""
    profiles = tuple(settings.get("profiles") or (native.NAME,))
    for name in profiles:
        if name not in PROFILES:
            raise InvalidInput("profile", f"unknown profile {name!r}; known are {', '.join(PROFILES)}")
    prefix = settings.get("prefix")
    names = dict(settings.get("names") or {})
    for name, device in names.items():
        if not name or any(sign in name for sign in "+#"):
            raise InvalidInput("device", f"{name!r} is no name on a topic")
        checked_vendor_id(device)
    return LinkSettings(
        profiles=profiles,
        prefix=None if prefix is None else native.checked_prefix(prefix),
        names=names,
        known_only=bool(settings.get("known_only", False)),
        is_simulated=bool(settings.get("is_simulated", False)),
    )


def names_given(texts: Iterable[str]) -> dict[str, str]:
    """From `NAME=ID` as the command line has it. Raises InvalidInput."""
    names = {}
    for text in texts:
        name, sign, device = text.partition("=")
        if not sign or not name or not device:
            raise InvalidInput("device", "expected NAME=ID")
        names[name] = device
    return names


def profiles_of(settings: LinkSettings) -> Sequence[Profile]:
    return [_profile(name, settings.prefix) for name in settings.profiles]


def _profile(name: str, prefix: str | None) -> Profile:
    if name == tasmota.NAME:
        return tasmota.Tasmota(prefix or "")
    if name == esphome.NAME:
        return esphome.ESPHome(prefix or "")
    return native.Native(prefix or native.PREFIX)
