"""RFC 7009: a client takes back what it no longer needs."""

from __future__ import annotations

import pytest

from tests.contract.oauth.world import CHALLENGE, VERIFIER, basic

PATH = "/oauth2/revoke"


async def revoke(world, app, token, **more):
    return await world.post(PATH, {**app.credentials, "token": token} | more)


async def test_a_revoked_access_token_is_dead_and_its_refresh_token_lives(world, app, ben) -> None:
    pair = await world.pair(app, ben)

    answer = await revoke(world, app, pair["access_token"])

    assert answer.status == 200
    assert await world.reason(pair["access_token"]) == "invalid"
    assert (await world.refresh(app, pair["refresh_token"])).status == 200


async def test_a_revoked_refresh_token_takes_its_family_with_it(world, app, ben) -> None:
    first = await world.pair(app, ben)
    second = (await world.refresh(app, first["refresh_token"])).json
    other = await world.pair(app, ben)

    await revoke(world, app, second["refresh_token"])

    assert await world.reason(first["access_token"]) == "invalid"
    assert await world.reason(second["access_token"]) == "invalid"
    assert (await world.refresh(app, second["refresh_token"])).status == 400
    assert await world.reason(other["access_token"]) == ""


async def test_a_revoked_refresh_token_gets_no_answer_from_the_grace(world, app, ben) -> None:
    first = await world.pair(app, ben)
    second = (await world.refresh(app, first["refresh_token"])).json
    await revoke(world, app, second["refresh_token"])

    assert (await world.refresh(app, first["refresh_token"])).status == 400


@pytest.mark.parametrize("token", ["nonsense", "oca_" + "0" * 24 + "_" + "0" * 64, "0" * 40])
async def test_an_unknown_token_is_no_error(world, app, token) -> None:
    assert (await revoke(world, app, token)).status == 200


async def test_revoking_twice_is_no_error(world, app, ben) -> None:
    pair = await world.pair(app, ben)

    assert [(await revoke(world, app, pair["refresh_token"])).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
async def test_a_wrong_hint_does_not_matter(world, app, ben, hint) -> None:
    pair = await world.pair(app, ben)
    await revoke(world, app, pair["access_token"], token_type_hint=hint)

    assert await world.reason(pair["access_token"]) == "invalid"


async def test_another_clients_token_is_refused_and_lives(world, app, anna, ben) -> None:
    other = await world.app(anna)
    pair = await world.pair(app, ben)

    refused = await revoke(world, other, pair["access_token"])

    assert refused.status == 400
    assert await world.reason(pair["access_token"]) == ""


@pytest.mark.parametrize(
    ("members", "error"), [({"client_secret": "wrong"}, "invalid_client"), ({"token": ""}, "invalid_request")]
)
async def test_a_bad_request_is_told_in_the_rfcs_words(world, app, members, error) -> None:
    given = {**app.credentials, "token": "anything"} | members

    assert (await world.post(PATH, given)).json["error"] == error


async def test_a_public_client_may_revoke_its_own(world, anna, ben) -> None:
    app = await world.app(anna, is_public=True)
    code = await world.code(app, ben, code_challenge=CHALLENGE, code_challenge_method="S256")
    pair = (await world.exchange(app, code, code_verifier=VERIFIER)).json

    await revoke(world, app, pair["access_token"])

    assert await world.reason(pair["access_token"]) == "invalid"


@pytest.mark.parametrize("dialect", ["netatmo", "mclimate"])
async def test_every_dialects_tokens_can_be_revoked(world, anna, ben, dialect) -> None:
    app = await world.app(anna, dialect)
    pair = await world.pair(app, ben)
    answer = await world.post(PATH, {"token": pair["access_token"]}, authorization=basic(app.id, app.secret))

    assert answer.status == 200
    assert await world.reason(pair["access_token"]) == "invalid"
