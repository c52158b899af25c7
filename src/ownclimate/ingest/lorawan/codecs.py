"""What doors and links need of a maker's codecs, which the composition root hands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ownclimate.core.things import Ability


class Understood(Protocol):
    """A frame in the core's words; empty where it says nothing.

    `kept` are the maker's fields that the core has no word for. `implausible` names quantities whose
    value is outside its range; the value is there all the same. `notes` say what could not be read.
    """

    @property
    def values(self) -> Mapping[str, float]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def reports(self) -> Mapping[str, Any]: ...
    @property
    def kept(self) -> Mapping[str, Any]: ...
    @property
    def firmware(self) -> str: ...
    @property
    def keepalive_s(self) -> int: ...
    @property
    def implausible(self) -> Sequence[str]: ...
    @property
    def notes(self) -> Sequence[str]: ...


class Frame(Protocol):
    """A frame for a device. `name` and `params` are what it says, in its maker's words, for people to see;
    what is secret in `params` is masked. One that not `may_be_confirmed` must go out unconfirmed."""

    @property
    def payload(self) -> bytes: ...
    @property
    def name(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def may_be_confirmed(self) -> bool: ...


class Codec(Protocol):
    """A device model. `can_read` is False while its frames are only kept."""

    @property
    def vendor(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def abilities(self) -> frozenset[Ability]: ...
    @property
    def can_read(self) -> bool: ...

    def read(self, payload: bytes) -> Understood:
        """Never raises, whatever the bytes."""
        ...

    def frame(self, order: str, fields: Mapping[str, Any], firmware: str) -> Frame:
        """What tells a device of this model the order: one of `core.orders`, or `<vendor>.<its own>`.

        Raises Unsupported when the model, or this firmware of it, knows nothing like it; InvalidInput for
        fields that it cannot follow.
        """
        ...

    def confirms(self, order: str, fields: Mapping[str, Any], payload: bytes, firmware: str) -> bool:
        """Whether a device that sends this frame has, by its own word, done what the order says.

        False when the frame says nothing of it, or otherwise. Never raises.
        """
        ...


class CodecTable(Protocol):
    """A maker's models."""

    @property
    def vendor(self) -> str: ...

    def named(self, name: str) -> Codec | None:
        """The model that a network server's name for it means."""
        ...

    def recognised(self, payload: bytes) -> Codec | None:
        """The model that alone could have sent the frame."""
        ...
