"""Whatever clients, people and thieves do, in any order: what must be dead is dead, what must live lives."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from ownclimate.oauth.grants import list_grants, revoke_grant
from ownclimate.store.memory import MemoryDirectory
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory
from tests.contract.oauth.world import App, World
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR

FULL = bool(os.environ.get("TEST_FULL"))
SCOPES = ("device.read", "site.read", "device.control")
GRACE_S, ACCESS_S, CODE_S = 60, 3600, 60


@dataclass(frozen=True)
class Code:
    text: str
    scopes: frozenset[str]
    ends_ms: int
    revocations: int
    """How many there had been when it was made; a later one ends it."""


@dataclass
class Chain:
    """What the model knows of one sign-in. `spent` are its old refresh tokens and when they were."""

    scopes: frozenset[str]
    refresh: str
    spent: dict[str, int]
    access: dict[str, int]
    """Access tokens and when they expire."""
    is_dead: bool = False


class Tokens(RuleBasedStateMachine):
    codes = Bundle("codes")
    chains = Bundle("chains")

    @initialize(seed=st.integers(0, 2**16), loses_answers=st.booleans())
    def begin(self, seed: int, loses_answers: bool) -> None:
        self.clock = FakeClock()
        directory: Any = PartitionedMemoryDirectory(seed) if loses_answers else None
        self.world = World.over(directory or MemoryDirectory(), self.clock, SeededEntropy(seed))
        self.run = asyncio.new_event_loop().run_until_complete
        self.anna = self.run(self.world.person("anna"))
        self.app: App = self.run(self.world.app(self.anna))
        self.granted: frozenset[str] = frozenset()
        self.revocations = 0
        self.living: list[Chain] = []

    @rule(target=codes, scopes=st.sets(st.sampled_from(SCOPES), min_size=1))
    def allow(self, scopes: set[str]) -> Code:
        code = self.run(self.world.code(self.app, self.anna, scope=" ".join(sorted(scopes))))
        self.granted = frozenset(scopes)
        return Code(code, self.granted, self.clock.now_ms() + CODE_S * 1000, self.revocations)

    @rule(target=chains, issued=consumes(codes))
    def exchange(self, issued: Code) -> tuple[str, Chain | None]:
        answer = self.run(self.world.exchange(self.app, issued.text))
        if self.clock.now_ms() >= issued.ends_ms or issued.revocations < self.revocations:
            assert answer.status == 400
            return issued.text, None
        assert answer.status == 200, answer.body
        given = issued.scopes & self.granted
        assert frozenset(answer.json["scope"].split()) == given
        chain = Chain(issued.scopes, answer.json["refresh_token"], {}, {})
        self._remember(chain, answer.json["access_token"])
        self.living.append(chain)
        return issued.text, chain

    @rule(held=chains)
    def replay_code(self, held: tuple[str, Chain | None]) -> None:
        code, chain = held
        assert self.run(self.world.exchange(self.app, code)).status == 400
        if chain is not None:
            chain.is_dead = True

    @rule(held=chains)
    def refresh(self, held: tuple[str, Chain | None]) -> None:
        chain = held[1]
        if chain is None:
            return
        answer = self.run(self.world.refresh(self.app, chain.refresh))
        if chain.is_dead:
            assert answer.status == 400
            return
        assert answer.status == 200, answer.body
        chain.spent[chain.refresh] = self.clock.now_ms()
        chain.refresh = answer.json["refresh_token"]
        self._remember(chain, answer.json["access_token"])

    @rule(held=chains, which=st.integers(0, 5))
    def present_a_spent_token(self, held: tuple[str, Chain | None], which: int) -> None:
        chain = held[1]
        if chain is None or not chain.spent:
            return
        text = list(chain.spent)[which % len(chain.spent)]
        answer = self.run(self.world.refresh(self.app, text))
        is_last = text == list(chain.spent)[-1]
        if self.clock.now_ms() < chain.spent[text] + GRACE_S * 1000:
            expected = 200 if is_last and not chain.is_dead else 400
            assert answer.status == expected
            if expected == 200:
                assert answer.json["refresh_token"] == chain.refresh
            return
        assert answer.status == 400
        chain.is_dead = True

    @rule(seconds=st.sampled_from([1, 30, 60, 3600]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def revoke(self) -> None:
        for grant in self.run(list_grants(self.world.ports.directory, self.anna.owner_id)):
            self.run(revoke_grant(self.world.ports, ACTOR, self.anna.owner_id, grant.id))
        self.revocations += 1
        self.granted = frozenset()
        for chain in self.living:
            chain.is_dead = True

    @invariant()
    def every_token_is_as_dead_or_alive_as_it_must_be(self) -> None:
        for chain in getattr(self, "living", ()):
            for text, ends_ms in chain.access.items():
                reason = self.run(self.world.reason(text))
                if chain.is_dead:
                    assert reason == "invalid"
                elif self.clock.now_ms() >= ends_ms:
                    assert reason == "expired"
                else:
                    assert reason == ""
                    access = self.run(self.world.access(text))
                    carried = {permission.value for permission in access.permissions}
                    assert carried == chain.scopes & self.granted

    def _remember(self, chain: Chain, access_token: str) -> None:
        chain.access[access_token] = self.clock.now_ms() + ACCESS_S * 1000


TestTokens = Tokens.TestCase
TestTokens.settings = settings(
    max_examples=60 if FULL else 12,
    stateful_step_count=30 if FULL else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
