"""What time makes useless goes; when a grant was last used is noted without holding anybody up."""

from __future__ import annotations

from ownclimate.core.partitions import owner_partition
from ownclimate.core.ports import Put
from ownclimate.core.writes import write_surely
from ownclimate.oauth import janitor, tokens
from ownclimate.oauth.grants import list_grants, revoke_grant
from ownclimate.oauth.grants.grant import LINKS, TOKENS, USED, find_consent, partition_of
from ownclimate.oauth.last_use import LastUse
from tests.fakes.households import ACTOR

DAY_S = 24 * 3600


async def partition(world, app, account) -> str:
    grant = await find_consent(world.server, app.client, account.owner_id, account.id)
    return partition_of(world.server.dialect_of(app.client), grant.id)


async def used_ms(world, account) -> list[int]:
    return [grant.last_used_ms for grant in await list_grants(world.ports.directory, account.owner_id)]


async def test_last_use_is_noted_at_most_once_a_minute(world, app, ben) -> None:
    token = (await world.pair(app, ben))["access_token"]
    last_use = LastUse(world.ports)

    async def use() -> list[int]:
        now_ms = world.clock.now_ms()
        await tokens.check(world.ports.directory, world.server.dialects, token, now_ms, last_use.note)
        await last_use.settle()
        return await used_ms(world, ben)

    assert await used_ms(world, ben) == [0]
    began_ms = world.clock.now_ms()
    while await used_ms(world, ben) == [0]:  # a note whose write was lost is made again a minute later
        await use()
        world.clock.advance(60)
    first = await used_ms(world, ben)
    world.clock.ms = first[0] + 59_000
    assert first[0] >= began_ms
    assert await use() == first


async def test_a_refused_token_is_no_use(world, app, ben) -> None:
    token = (await world.pair(app, ben))["refresh_token"]
    last_use = LastUse(world.ports)
    try:
        await tokens.check(world.ports.directory, world.server.dialects, token, 0, last_use.note)
    except Exception:
        await last_use.settle()

    assert await used_ms(world, ben) == [0]


async def test_tokens_long_expired_go_and_living_ones_stay(world, app, ben) -> None:
    old = await world.pair(app, ben)
    world.clock.advance(20 * DAY_S)
    new = await world.pair(app, ben)
    world.clock.advance(1)
    where = await partition(world, app, ben)

    await janitor.tidy(world.server)
    await janitor.tidy(world.server)

    rows = await world.ports.directory.scan(where, TOKENS)
    assert len(rows) == 3, "two refresh tokens and the new access token"
    assert await world.reason(new["access_token"]) == ""
    assert (await world.refresh(app, old["refresh_token"])).status == 200


async def test_a_grant_that_is_used_for_years_stays_small(world, app, ben) -> None:
    pair = await world.pair(app, ben)
    for _ in range(300):
        world.clock.advance(DAY_S)
        pair = (await world.refresh(app, pair["refresh_token"])).json
    where = await partition(world, app, ben)

    for table in (TOKENS, USED):
        assert len(await world.ports.directory.scan(where, table)) < 60


async def test_a_listing_whose_grant_was_never_made_goes_after_a_while(world, ben) -> None:
    body = {
        "partition": "grant:" + "0" * 24,
        "client_id": "x",
        "account_id": ben.id,
        "created_ms": world.clock.now_ms(),
    }
    put = Put(table=LINKS, key="0" * 24, body=body)
    await write_surely(world.ports, owner_partition(ben.owner_id), [put])

    async def listed() -> int:
        return len(await world.ports.directory.scan(owner_partition(ben.owner_id), LINKS))

    await janitor.tidy(world.server)
    assert await listed() == 1
    assert await list_grants(world.ports.directory, ben.owner_id) == []
    world.clock.advance(601)
    await janitor.tidy(world.server)
    assert await listed() == 0


async def test_everything_of_a_revoked_grant_is_gone_from_the_store(world, app, ben) -> None:
    pair = await world.pair(app, ben)
    await world.refresh(app, pair["refresh_token"])
    await world.code(app, ben)
    where = await partition(world, app, ben)
    (grant,) = await list_grants(world.ports.directory, ben.owner_id)

    await revoke_grant(world.ports, ACTOR, ben.owner_id, grant.id)

    for table in ("grant", "code", TOKENS, USED, "last_use"):
        assert await world.ports.directory.scan(where, table) == []
