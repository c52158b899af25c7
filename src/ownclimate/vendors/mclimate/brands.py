"""Makers of air-conditioners, and what their remote controls can say.

The vendor numbers both and publishes neither list; these numbers are ours, but for 9, which its sample
gives to a Melissa. The ranges and modes are what each maker's common remotes offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

AUTO, FAN, HEAT, COOL, DRY = range(5)
ALL_MODES: Final = (AUTO, FAN, HEAT, COOL, DRY)
WITHOUT_HEAT: Final = (AUTO, FAN, COOL, DRY)
ALL_FANS: Final = (0, 1, 2, 3)
"""Automatic, low, medium, high."""
TWO_SPEEDS: Final = (0, 1, 3)
LOWEST_C, HIGHEST_C = 16, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """What one family of remote controls can say; temperatures in whole °C, both ends included."""

    id: int
    min_temp: int = LOWEST_C
    max_temp: int = HIGHEST_C
    modes: tuple[int, ...] = ALL_MODES
    fans: tuple[int, ...] = ALL_FANS


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    id: int
    name: str
    code_sets: tuple[CodeSet, ...]


_TABLE: Final = (
    Brand(id=1, name="Aux", code_sets=(CodeSet(id=101),)),
    Brand(id=2, name="Carrier", code_sets=(CodeSet(id=201, min_temp=17),)),
    Brand(
        id=3,
        name="Daikin",
        code_sets=(CodeSet(id=301, min_temp=18), CodeSet(id=302, min_temp=18, modes=WITHOUT_HEAT)),
    ),
    Brand(id=4, name="Fujitsu", code_sets=(CodeSet(id=401, min_temp=18),)),
    Brand(id=5, name="Gree", code_sets=(CodeSet(id=501), CodeSet(id=502, modes=WITHOUT_HEAT))),
    Brand(id=6, name="Haier", code_sets=(CodeSet(id=601),)),
    Brand(id=7, name="Hitachi", code_sets=(CodeSet(id=701),)),
    Brand(id=8, name="LG", code_sets=(CodeSet(id=801, min_temp=18),)),
    Brand(
        id=9,
        name="Midea",
        code_sets=(CodeSet(id=901, min_temp=17), CodeSet(id=902, min_temp=17, modes=WITHOUT_HEAT)),
    ),
    Brand(id=10, name="Mitsubishi Electric", code_sets=(CodeSet(id=1001),)),
    Brand(id=11, name="Mitsubishi Heavy", code_sets=(CodeSet(id=1101, min_temp=18),)),
    Brand(id=12, name="Panasonic", code_sets=(CodeSet(id=1201),)),
    Brand(id=13, name="Samsung", code_sets=(CodeSet(id=1301),)),
    Brand(id=14, name="Toshiba", code_sets=(CodeSet(id=1401, min_temp=17),)),
    Brand(id=15, name="Vaillant", code_sets=(CodeSet(id=1501, fans=TWO_SPEEDS),)),
)

BRANDS: Final[Mapping[int, Brand]] = {brand.id: brand for brand in _TABLE}

ANY: Final = (CodeSet(id=0),)
"""What may be said to an air-conditioner whose maker is not known."""


def code_sets_of(brand_id: int | None) -> tuple[CodeSet, ...]:
    """Which of a maker's families a remote is of nobody told us; what any of them can say will do."""
    brand = None if brand_id is None else BRANDS.get(brand_id)
    return ANY if brand is None else brand.code_sets
