"""One process at a time does a job, again and again; the others wait for its lease."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ownclimate.core.errors import AppError
from ownclimate.core.leases import release_lease, take_lease
from ownclimate.core.ports import Ports

LEASE_MS: Final = 30_000

log = structlog.get_logger("ownclimate")


async def work_in_shifts(
    ports: Ports,
    name: str,
    holder: str,
    work: Callable[[], Awaitable[float]],
    wait: Callable[[float], Awaitable[None]],
    *,
    idle_s: float,
) -> None:
    """Does `work` for ever while it holds the lease `name`, waiting in between for the seconds that `work`
    returns, or `idle_s` when somebody else holds it or the store is in trouble. Cancel it to stop."""
    is_holding = False
    try:
        while True:
            pause_s = idle_s
            try:
                is_holding = await take_lease(ports, name, holder, LEASE_MS) is not None
                if is_holding:
                    pause_s = await work()
            except AppError as error:
                log.warning("work_postponed", job=name, code=error.code, reason=error.message)
            await wait(pause_s)
    finally:
        lease = await take_lease(ports, name, holder, LEASE_MS) if is_holding else None
        if lease is not None:
            await release_lease(ports, lease)
