"""The store that is really used: what runs at once shares commits there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ownclimate.store.lmdb import open_store
from tests.contract.oauth.world import World
from tests.fakes import FakeClock, SeededEntropy

AT_ONCE = 64


@pytest.mark.parametrize("dialect", ["standard", "netatmo", "mclimate"])
async def test_sixty_four_refreshes_at_once_leave_one_chain(
    tmp_path: Path, clock: FakeClock, entropy: SeededEntropy, dialect: str
) -> None:
    async with open_store(tmp_path, clock=clock, entropy=entropy) as store:
        world = World.over(store.directory, clock, entropy)
        anna = await world.person("anna")
        app = await world.app(anna, dialect)
        old = await world.pair(app, anna)

        answers = await asyncio.gather(*(world.refresh(app, old["refresh_token"]) for _ in range(AT_ONCE)))

        assert [answer.status for answer in answers] == [200] * AT_ONCE
        assert len({answer.json.get("refresh_token") for answer in answers}) == 1


async def test_tokens_and_what_is_known_of_spent_ones_outlive_the_process(
    tmp_path: Path, clock: FakeClock, entropy: SeededEntropy
) -> None:
    async with open_store(tmp_path, clock=clock, entropy=entropy) as store:
        world = World.over(store.directory, clock, entropy)
        anna = await world.person("anna")
        app = await world.app(anna)
        old = await world.pair(app, anna)
        new = (await world.refresh(app, old["refresh_token"])).json

    async with open_store(tmp_path, clock=clock, entropy=entropy) as store:
        world = World.over(store.directory, clock, entropy)
        assert await world.reason(new["access_token"]) == ""
        assert (await world.refresh(app, old["refresh_token"])).json == new, "the grace goes on"
        clock.advance(60)
        assert (await world.refresh(app, old["refresh_token"])).status == 400
        assert await world.reason(new["access_token"]) == "invalid"
