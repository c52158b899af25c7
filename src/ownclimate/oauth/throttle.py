"""How often somebody may try: sign-in by account and by address, registration by address.

Nothing here asks whether an account exists, so what is throttled tells nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.core.errors import RateLimited
from ownclimate.core.ids import Clock

REMEMBERED = 50_000
"""Names counted at once at most, about 10 MB; those that recovered longest ago are forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`burst` attempts at once, then one more every `interval_s`. A burst of 0 is no limit."""

    burst: int
    interval_s: float

    @classmethod
    def in_every(cls, span_s: float, count: int) -> Allowance:
        """`count` at once, and that many more in each span."""
        return cls(burst=count, interval_s=span_s / max(1, count))


PER_ACCOUNT = Allowance.in_every(60, 10)
"""10 a minute for one user name, as MClimate's interface has it."""
PER_ADDRESS = Allowance.in_every(120, 60)
"""Wider than for an account: a household or an office often has one address."""


class Throttle:
    """Counts attempts by name, in the memory of this process. A leaky bucket: each attempt fills it by
    one, each interval empties it by one."""

    def __init__(self, clock: Clock, allowance: Allowance) -> None:
        self._clock = clock
        self._allowance = allowance
        self._empty_at_ms: dict[str, float] = {}

    def wait_s(self, name: str) -> float:
        """Seconds until this name may try again; 0 when it may now."""
        if not self._allowance.burst:
            return 0.0
        interval_ms = self._allowance.interval_s * 1000
        level_ms = self._empty_at_ms.get(name, 0.0) - self._clock.now_ms()
        return max(0.0, level_ms - (self._allowance.burst - 1) * interval_ms) / 1000

    def count(self, name: str) -> None:
        now_ms = self._clock.now_ms()
        begin_ms = max(float(now_ms), self._empty_at_ms.pop(name, 0.0))
        if len(self._empty_at_ms) >= REMEMBERED:
            self._forget(now_ms)
        self._empty_at_ms[name] = begin_ms + self._allowance.interval_s * 1000

    def take_back(self, name: str) -> None:
        if name in self._empty_at_ms:
            self._empty_at_ms[name] -= self._allowance.interval_s * 1000

    def clear(self, name: str) -> None:
        self._empty_at_ms.pop(name, None)

    def _forget(self, now_ms: int) -> None:
        """Drops what has emptied; when nothing has, the tenth that was counted longest ago."""
        kept = {name: at_ms for name, at_ms in self._empty_at_ms.items() if at_ms > now_ms}
        if len(kept) >= REMEMBERED:
            kept = dict(list(kept.items())[REMEMBERED // 10 :])
        self._empty_at_ms = kept


@dataclass(frozen=True, slots=True)
class SignInThrottle:
    """Failed sign-ins, by the e-mail as typed (normalised) and by the address they come from."""

    accounts: Throttle
    addresses: Throttle

    @classmethod
    def over(
        cls, clock: Clock, per_account: Allowance = PER_ACCOUNT, per_address: Allowance = PER_ADDRESS
    ) -> SignInThrottle:
        return cls(Throttle(clock, per_account), Throttle(clock, per_address))

    def begin(self, email: str, address: str) -> None:
        """Counts an attempt. Raises RateLimited while either name has failed too often.

        It counts before the password is looked at, so that many attempts at once do not all slip
        through. An empty name is not counted.
        """
        named = [(self.accounts, email), (self.addresses, address)]
        wait_s = max((throttle.wait_s(name) for throttle, name in named if name), default=0.0)
        if wait_s > 0:
            raise RateLimited(wait_s, "too many attempts to sign in")
        for throttle, name in named:
            if name:
                throttle.count(name)

    def succeeded(self, email: str, address: str) -> None:
        """The account's failures are forgotten, those of the address are not: one account of one's own
        must not buy attempts at others."""
        self.accounts.clear(email)
        self.addresses.take_back(address)
