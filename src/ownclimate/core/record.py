"""Use cases that take readings in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import EARLIEST_MS, FUTURE_SLACK_MS, Instants, Values


def instant_problem(at_ms: int, now_ms: int) -> str | None:
    """Why an instant is refused, None when it is fine."""
    if at_ms < EARLIEST_MS:
        return "before 1990: the device's clock is not set"
    if at_ms > now_ms + FUTURE_SLACK_MS:
        return "more than 24 hours ahead of this server's clock"
    return None


def are_instants_sound(times_ms: Instants, now_ms: int) -> bool:
    """Whether none of the instants is refused; `instant_problem` says why one is."""
    return bool(((times_ms >= EARLIEST_MS) & (times_ms <= now_ms + FUTURE_SLACK_MS)).all())


def flagged(series_columns: Mapping[str, Values]) -> dict[str, npt.NDArray[np.bool_]]:
    """For each quantity that has any, which rows hold a value outside its allowed range."""
    flags: dict[str, npt.NDArray[np.bool_]] = {}
    for name, values in series_columns.items():
        quantity = QUANTITIES[name]
        outside: npt.NDArray[np.bool_] = (values < quantity.low) | (values > quantity.high)
        if outside.any():
            flags[name] = outside
    return flags
