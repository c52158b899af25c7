"""External ids: what each dialect calls a thing. All are made with the thing and never change.

A dialect shows a thing under the id its own maker gave it; a foreign thing gets an id of the shape
that the dialect's clients expect, made from the thing's number, so that it is the same for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ownclimate.core.ports import ABSENT, Body, Put

MCLIMATE: Final = "mclimate"
NETATMO: Final = "netatmo"
SMARTBUILDINGS: Final = "smartbuildings"
DIALECTS: Final = (MCLIMATE, NETATMO, SMARTBUILDINGS)

DEVICE: Final = "device"
ROOM: Final = "room"
SITE: Final = "site"

VIRTUAL_PARENTS: Final = ("relay", "gateway", "station")
"""What the Netatmo dialect needs a site to have above foreign valves, plugs and sensors."""

DEVICE_MAC_PREFIX: Final = "70:ee:52"
PARENT_MAC_PREFIX: Final = "70:ee:51"
"""Made-up MACs stand beside the 70:ee:50 of real devices, so that an import can never meet one."""


def alias_key(dialect: str, kind: str, external: str) -> str:
    """Key of the alias document. Compared without case: clients change the case of MACs and EUIs."""
    return f"{dialect}:{kind}:{external.lower()}"


def alias_put(dialect: str, kind: str, external: str, body: Body) -> Put:
    key = alias_key(dialect, kind, external)
    return Put(table="alias", key=key, body=body, expect=ABSENT)


def mac_from_number(number: int, prefix: str = DEVICE_MAC_PREFIX) -> str:
    """A six-byte MAC, its last three bytes the number's low 24 bits."""
    low = number & 0xFFFFFF
    return f"{prefix}:{low >> 16:02x}:{low >> 8 & 0xFF:02x}:{low & 0xFF:02x}"


def serial_from_number(number: int) -> str:
    """Twelve digits beginning with 9, which no maker's serial in that dialect was seen to do."""
    return f"9{number:011d}"


def room_number_text(number: int) -> str:
    """Decimal digits below 2^32, above the small numbers that other dialects show."""
    return str(2_000_000_000 + number)


def site_aliases(site_id: str, number: int, given: Mapping[str, str]) -> dict[str, str]:
    virtual = {
        f"{NETATMO}.{role}": mac_from_number(number * len(VIRTUAL_PARENTS) + place, PARENT_MAC_PREFIX)
        for place, role in enumerate(VIRTUAL_PARENTS)
    }
    made = {MCLIMATE: str(number), NETATMO: site_id, SMARTBUILDINGS: site_id, **virtual}
    return {**made, **given}


def room_aliases(number: int, given: Mapping[str, str]) -> dict[str, str]:
    return {MCLIMATE: str(number), NETATMO: room_number_text(number), **given}


def device_aliases(number: int, vendor_id: str, given: Mapping[str, str]) -> dict[str, str]:
    made = {
        MCLIMATE: vendor_id or serial_from_number(number),
        NETATMO: mac_from_number(number),
        SMARTBUILDINGS: serial_from_number(number),
    }
    return {**made, **given}


def puts(
    kind: str, target: str, aliases: Mapping[str, str], scope: str = "", number: int | None = None
) -> list[Put]:
    """Alias documents of a thing. `scope` sets apart external ids that are unique only within it.

    With a `number` the document tells it, so that who needs no more need not look up the thing.
    """
    body: Body = {"id": target} if number is None else {"id": target, "number": number}
    return [
        alias_put(dialect, kind, f"{scope}/{external}" if scope else external, body)
        for dialect, external in aliases.items()
    ]
