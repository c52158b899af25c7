"""RFC 6749 §6 with the rotation of RFC 9700 §4.14.2; cases after Hydra's refresh token suite."""

from __future__ import annotations

import asyncio

import pytest

from ownclimate.oauth import janitor
from ownclimate.oauth.grants.grant import TOKENS, USED, find_consent, list_grants, partition_of, revoke_grant
from tests.contract.oauth.world import World
from tests.fakes.households import ACTOR

GRACE_S = 60
ROTATING = ["standard", "netatmo"]


@pytest.fixture(params=ROTATING)
async def rotating(request, world, anna):
    return await world.app(anna, request.param)


async def test_a_refresh_gives_a_new_pair_with_the_same_scopes(world, rotating, ben) -> None:
    old = await world.pair(rotating, ben)

    new = (await world.refresh(rotating, old["refresh_token"])).json

    assert new["scope"] == old["scope"]
    assert not {new["access_token"], new["refresh_token"]} & {old["access_token"], old["refresh_token"]}
    assert await world.reason(new["access_token"]) == ""


@pytest.mark.parametrize(("dialect", "reason"), [("netatmo", "invalid"), ("standard", "")])
async def test_what_becomes_of_the_old_access_token_is_the_dialects_choice(
    world, anna, ben, dialect, reason
) -> None:
    app = await world.app(anna, dialect)
    old = await world.pair(app, ben)
    await world.refresh(app, old["refresh_token"])

    assert await world.reason(old["access_token"]) == reason


async def test_a_repetition_within_the_grace_gets_the_same_answer(world, rotating, ben) -> None:
    """The reply was lost: the client never saw the new pair and asks again with the old token."""
    old = await world.pair(rotating, ben)
    first = await world.refresh(rotating, old["refresh_token"])
    world.clock.advance(GRACE_S - 1)

    again = await world.refresh(rotating, old["refresh_token"])

    assert (again.status, again.json) == (200, first.json)
    assert await world.reason(again.json["access_token"]) == ""
    assert (await world.refresh(rotating, again.json["refresh_token"])).status == 200


async def test_a_repetition_after_the_grace_revokes_the_family(world, rotating, ben) -> None:
    old = await world.pair(rotating, ben)
    new = (await world.refresh(rotating, old["refresh_token"])).json
    world.clock.advance(GRACE_S)

    replayed = await world.refresh(rotating, old["refresh_token"])

    assert (replayed.status, replayed.json["error"]) == (400, "invalid_grant")
    assert await world.reason(new["access_token"]) == "invalid"
    assert (await world.refresh(rotating, new["refresh_token"])).json["error"] == "invalid_grant"


async def test_a_token_from_far_back_in_the_chain_revokes_the_family_too(world, rotating, ben) -> None:
    chain = [await world.pair(rotating, ben)]
    for _ in range(5):
        chain.append((await world.refresh(rotating, chain[-1]["refresh_token"])).json)
    world.clock.advance(GRACE_S)

    await world.refresh(rotating, chain[1]["refresh_token"])

    assert await world.reason(chain[-1]["access_token"]) == "invalid"


async def test_revoking_a_family_leaves_other_sign_ins_of_the_app_alone(world, rotating, ben) -> None:
    stolen = await world.pair(rotating, ben)
    other = await world.pair(rotating, ben)
    await world.refresh(rotating, stolen["refresh_token"])
    world.clock.advance(GRACE_S)
    await world.refresh(rotating, stolen["refresh_token"])

    assert await world.reason(other["access_token"]) == ""
    assert (await world.refresh(rotating, other["refresh_token"])).status == 200


async def test_within_the_grace_a_straggler_gets_nothing_once_the_new_pair_is_in_use(
    world, rotating, ben
) -> None:
    old = await world.pair(rotating, ben)
    second = (await world.refresh(rotating, old["refresh_token"])).json
    third = (await world.refresh(rotating, second["refresh_token"])).json

    straggler = await world.refresh(rotating, old["refresh_token"])

    assert straggler.json["error"] == "invalid_grant"
    assert await world.reason(third["access_token"]) == "", "a late duplicate must not lock its client out"


async def test_sixty_four_refreshes_at_once_leave_one_living_chain(world, rotating, ben) -> None:
    old = await world.pair(rotating, ben)

    answers = await asyncio.gather(*(world.refresh(rotating, old["refresh_token"]) for _ in range(64)))

    assert [answer.status for answer in answers] == [200] * 64
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert await world.reason(answers[0].json["access_token"]) == ""
    assert await living_refresh_tokens(world, rotating, ben) == 1


async def test_sixty_four_refreshes_of_a_token_that_stays_keep_one_chain(world, anna, ben) -> None:
    app = await world.app(anna, "mclimate")
    pair = await world.pair(app, ben)

    answers = await asyncio.gather(*(world.refresh(app, pair["refresh_token"]) for _ in range(64)))

    assert [answer.status for answer in answers] == [200] * 64
    assert await living_refresh_tokens(world, app, ben) == 1


async def living_refresh_tokens(world: World, app, account) -> int:
    grant = await find_consent(world.server, app.client, account.owner_id, account.id)
    partition = partition_of(world.server.dialect_of(app.client), grant.id)
    rows = await world.ports.directory.scan(partition, TOKENS)
    return sum(row.body["kind"] == "refresh" for row in rows)


async def test_without_a_grace_a_repetition_revokes_at_once(directory, clock, entropy) -> None:
    world = World.over(directory, clock, entropy, refresh_grace_s=0)
    anna = await world.person("anna")
    app = await world.app(anna)
    old = await world.pair(app, anna)
    new = (await world.refresh(app, old["refresh_token"])).json

    assert (await world.refresh(app, old["refresh_token"])).status == 400
    assert await world.reason(new["access_token"]) == "invalid"


async def test_the_kept_answer_is_unreadable_without_the_old_token_and_goes_with_the_grace(
    world, rotating, ben
) -> None:
    old = await world.pair(rotating, ben)
    new = (await world.refresh(rotating, old["refresh_token"])).json
    grant = await find_consent(world.server, rotating.client, ben.owner_id, ben.id)
    partition = partition_of(world.server.dialect_of(rotating.client), grant.id)

    async def answers() -> list[bytes]:
        rows = await world.ports.directory.scan(partition, USED)
        return [row.body["answer"] for row in rows if row.body.get("answer")]

    (kept,) = await answers()
    for secret in (new["access_token"], new["refresh_token"], old["refresh_token"]):
        assert secret.encode() not in kept
        assert secret.rpartition("_")[2].encode() not in kept
    world.clock.advance(GRACE_S)
    await janitor.tidy(world.server)
    assert await answers() == []


async def test_another_client_cannot_refresh_nor_end_anything(world, rotating, anna, ben) -> None:
    other = await world.app(anna, rotating.client.dialect)
    pair = await world.pair(rotating, ben)

    assert (await world.refresh(other, pair["refresh_token"])).json["error"] == "invalid_grant"
    new = (await world.refresh(rotating, pair["refresh_token"])).json
    world.clock.advance(GRACE_S)
    assert (await world.refresh(other, pair["refresh_token"])).json["error"] == "invalid_grant"
    assert await world.reason(new["access_token"]) == ""


async def test_a_failed_client_authentication_does_not_use_a_refresh_token_up(world, rotating, ben) -> None:
    pair = await world.pair(rotating, ben)
    failed = await world.refresh(rotating, pair["refresh_token"], client_secret="wrong")

    assert failed.json["error"] == "invalid_client"
    assert (await world.refresh(rotating, pair["refresh_token"])).status == 200


async def test_an_access_token_refreshes_nothing(world, rotating, ben) -> None:
    pair = await world.pair(rotating, ben)

    assert (await world.refresh(rotating, pair["access_token"])).json["error"] == "invalid_grant"


async def test_a_refresh_token_opens_nothing(world, rotating, ben) -> None:
    pair = await world.pair(rotating, ben)

    assert await world.reason(pair["refresh_token"]) == "invalid"


async def test_a_refresh_token_made_up_of_the_right_locator_is_refused(world, rotating, ben) -> None:
    token = (await world.pair(rotating, ben))["refresh_token"]

    assert (await world.refresh(rotating, token[:-4] + "0000")).json["error"] == "invalid_grant"


async def test_an_idle_refresh_token_expires(world, app, ben) -> None:
    pair = await world.pair(app, ben)
    world.clock.advance(90 * 24 * 3600)

    assert (await world.refresh(app, pair["refresh_token"])).json["error"] == "invalid_grant"


async def test_a_refresh_may_narrow_the_access_token_and_the_next_widen_it_again(world, app, ben) -> None:
    pair = await world.pair(app, ben, scope="device.read site.read")

    narrow = (await world.refresh(app, pair["refresh_token"], scope="device.read")).json
    wide = (await world.refresh(app, narrow["refresh_token"])).json

    assert (narrow["scope"], wide["scope"]) == ("device.read", "device.read site.read")
    assert len((await world.access(narrow["access_token"])).permissions) == 1


async def test_a_refresh_cannot_ask_for_more_than_was_granted(world, app, ben) -> None:
    pair = await world.pair(app, ben, scope="device.read")

    refused = await world.refresh(app, pair["refresh_token"], scope="device.read device.control")

    assert (refused.status, refused.json["error"]) == (400, "invalid_scope")
    assert (await world.refresh(app, pair["refresh_token"])).status == 200


async def test_a_revoked_grant_ends_its_chain_and_a_new_one_revives_nothing(world, rotating, ben) -> None:
    pair = await world.pair(rotating, ben)
    (grant,) = await list_grants(world.ports.directory, ben.owner_id)
    await revoke_grant(world.ports, ACTOR, ben.owner_id, grant.id)

    assert await world.reason(pair["access_token"]) == "invalid"
    assert (await world.refresh(rotating, pair["refresh_token"])).json["error"] == "invalid_grant"

    await world.pair(rotating, ben)
    assert await world.reason(pair["access_token"]) == "invalid"
    assert (await world.refresh(rotating, pair["refresh_token"])).json["error"] == "invalid_grant"


async def test_revoking_while_refreshing_leaves_nothing_alive(world, rotating, ben) -> None:
    pair = await world.pair(rotating, ben)
    (grant,) = await list_grants(world.ports.directory, ben.owner_id)

    answers = await asyncio.gather(
        *(world.refresh(rotating, pair["refresh_token"]) for _ in range(8)),
        revoke_grant(world.ports, ACTOR, ben.owner_id, grant.id),
    )

    for answer in answers[:-1]:
        if answer.status == 200:
            assert await world.reason(answer.json["access_token"]) == "invalid"
