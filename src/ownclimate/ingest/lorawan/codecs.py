"""What these doors need of a maker's codecs, which the composition root hands in."""

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
