"""Several devices as one: the columns that each of them gives, put together stamp by stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.vendors.netatmo.measuretypes import MeasureType

DIGITS_OF_MEANS: Final = 6
"""Means are rounded far below what any sensor resolves, which removes the noise of binary fractions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Stamps in seconds, ascending, with a column a type. `rivals` are the extremes behind columns that
    tell when an extreme was, else None."""

    stamps_s: Instants
    values: list[Values | None]
    rivals: list[Values | None]


def combined(parts: Sequence[Columns], types: Sequence[MeasureType | None]) -> Columns:
    """Several devices as one: each stamp that any of them has, with what they come to together."""
    if not parts:
        nothing = np.empty(0, dtype=np.int64)
        return Columns(stamps_s=nothing, values=[None] * len(types), rivals=[None] * len(types))
    stamps = np.unique(np.concatenate([part.stamps_s for part in parts]))
    values: list[Values | None] = []
    for place, kind in enumerate(types):
        spread = _spread(stamps, parts, [part.values[place] for part in parts])
        rivals = _spread(stamps, parts, [part.rivals[place] for part in parts])
        values.append(None if kind is None else _together(kind, spread, rivals))
    return Columns(stamps_s=stamps, values=values, rivals=[None] * len(types))


def _spread(stamps: Instants, parts: Sequence[Columns], columns: Sequence[Values | None]) -> Values:
    """A row a device over all stamps, NaN where it has none."""
    table = np.full((len(parts), len(stamps)), np.nan)
    for row, (part, column) in enumerate(zip(parts, columns, strict=True)):
        if column is not None:
            table[row, np.searchsorted(stamps, part.stamps_s)] = column
    return table


def _together(kind: MeasureType, values: Values, rivals: Values) -> Values:
    if kind.is_instant:
        # The device with the lowest or highest extreme tells when it was.
        ranks = np.where(np.isnan(rivals), np.inf, rivals if kind.function == "min_at" else -rivals)
        chosen: Values = values[ranks.argmin(axis=0), np.arange(values.shape[1])]
        return chosen
    is_known = ~np.isnan(values)
    count = is_known.sum(axis=0)
    found: Values
    if kind.function == "min":
        found = np.where(is_known, values, np.inf).min(axis=0)
    elif kind.function == "max":
        found = np.where(is_known, values, -np.inf).max(axis=0)
    else:
        found = np.where(is_known, values, 0.0).sum(axis=0)
        if kind.function != "sum":
            found = found / np.maximum(count, 1)
    found[count == 0] = np.nan
    return np.round(found, DIGITS_OF_MEANS)
