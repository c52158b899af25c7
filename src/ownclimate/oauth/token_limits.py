"""How often tokens may be asked for: by address before anything is looked at, by client once it has
proved who it is. A client's name alone is no secret, so others' failures must not use its budget up."""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.core.errors import RateLimited
from ownclimate.core.ids import Clock
from ownclimate.oauth.throttle import Allowance, Throttle

MINUTE_S = 60
MESSAGE = "too many token requests"


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """Counts token requests, in the memory of this process."""

    clients: Throttle
    addresses: Throttle

    @classmethod
    def per_minute(cls, clock: Clock, *, by_client: int, by_address: int) -> TokenLimits:
        """So many at once, and as many more in a minute; 0 is no limit."""
        return cls(Throttle(clock, _allowance(by_client)), Throttle(clock, _allowance(by_address)))

    @classmethod
    def none(cls, clock: Clock) -> TokenLimits:
        return cls.per_minute(clock, by_client=0, by_address=0)

    def count_client(self, client_id: str) -> None:
        """Raises RateLimited when this is one too many."""
        _count(self.clients, client_id)

    def count_address(self, address: str) -> None:
        """Raises RateLimited when this is one too many; an unknown address is not counted."""
        if address:
            _count(self.addresses, address)


def _count(throttle: Throttle, name: str) -> None:
    wait_s = throttle.wait_s(name)
    if wait_s > 0:
        raise RateLimited(wait_s, MESSAGE)
    throttle.count(name)


def _allowance(count: int) -> Allowance:
    return Allowance(burst=count, interval_s=MINUTE_S / count if count else 0)
