"""How devices of one kind word things on MQTT: what a profile has to offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ownclimate.core.errors import Unsupported
from ownclimate.core.orders import SET_RELAY
from ownclimate.core.things import Command
from ownclimate.links.devices.said import About, Said

ON: Final = b"ON"
OFF: Final = b"OFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Whose topic it is, by the name the device goes by on it, and what about it.

    `part` is what a profile needs to remember of where the message came from, to send to that place: the
    name of the relay in the device. Empty where there is nothing to remember.
    """

    device: str
    kind: str
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    topic: str
    payload: bytes


class Profile(Protocol):
    """The topics and payloads of one kind of devices under one prefix."""

    @property
    def name(self) -> str: ...

    @property
    def maker(self) -> About:
        """What a device made on first sight is, as long as it does not say it itself."""
        ...

    def subscriptions(self) -> Sequence[str]: ...

    def hear(self, topic: str) -> Heard | None:
        """None for a topic that is not this profile's."""
        ...

    def read(self, heard: Heard, payload: bytes, now_ms: int) -> Said:
        """Raises InvalidInput for a payload of which nothing can be used."""
        ...

    def named(self, heard: Heard, payload: bytes) -> str:
        """The device's name where the payload has it and the topic does not; else `heard.device`."""
        ...

    def order(self, device: str, part: str, command: Command) -> Publication:
        """Raises Unsupported for what such a device cannot be told."""
        ...

    def greeting(self, device: str) -> Publication | None:
        """What makes a device that came online tell its state; None where it does so unasked."""
        ...

    def query(self, device: str, command_id: str) -> Publication | None:
        """The question what became of a command; None for devices that cannot answer it."""
        ...

    def sought(self, command: Command) -> Mapping[str, float] | None:
        """The state by which the command is known to be carried out; None where the device says so."""
        ...


def prefixed(prefix: str, topic: str) -> str:
    return f"{prefix}/{topic}" if prefix else topic


def levels_below(prefix: str, topic: str) -> list[str] | None:
    """The topic's levels after the prefix; None when it does not begin with it."""
    if not prefix:
        return topic.split("/")
    head, below = topic[: len(prefix) + 1], topic[len(prefix) + 1 :]
    return below.split("/") if head == f"{prefix}/" and below else None


def relay_payload(command: Command) -> bytes:
    """For firmware that knows nothing but relays."""
    if command.name != SET_RELAY:
        raise Unsupported(command.name, f"a device of this kind cannot follow {command.name}")
    return ON if command.fields["is_on"] else OFF


def sought_relay(command: Command) -> Mapping[str, float] | None:
    return {"relay_on": float(command.fields["is_on"])} if command.name == SET_RELAY else None
