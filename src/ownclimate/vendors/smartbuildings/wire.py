"""Shapes exactly as SmartBuildings' API has them on the wire (JSend, since its version 1.0.0)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType


class Fail(Struct, kw_only=True):
    """Bad input; `data` names the fields at fault and says why."""

    data: dict[str, str]
    status: Literal["fail"] = "fail"


class Error(Struct, kw_only=True):
    """Anything else that went wrong. `message` is an object: clients generated from the vendor's
    document crash on a text."""

    message: dict[str, str]
    code: int
    status: Literal["error"] = "error"


class CredentialFault(Struct, kw_only=True):
    """What the vendor's gateway says of a bad token, outside the envelope; see `face.faults`."""

    exp: str | UnsetType = UNSET
    message: str | dict[str, str] | UnsetType = UNSET
    status: Literal["error"] | UnsetType = UNSET
    code: int | UnsetType = UNSET
