"""RFC 7662: a client asks about a token of its own."""

from __future__ import annotations

import pytest

from ownclimate.oauth.grants import list_grants, revoke_grant
from tests.contract.oauth.world import ISSUER
from tests.fakes.households import ACTOR


async def introspect(world, app, token, **more):
    return await world.post("/oauth2/introspect", {**app.credentials, "token": token} | more)


async def test_a_living_token_is_described(world, app, ben) -> None:
    pair = await world.pair(app, ben)

    answer = await introspect(world, app, pair["access_token"])

    now_s = world.clock.now_ms() // 1000
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "active": True,
        "client_id": app.id,
        "scope": "device.read site.read",
        "sub": ben.id,
        "token_type": "Bearer",
        "iat": now_s,
        "exp": now_s + 3600,
        "iss": ISSUER,
    }


async def test_a_refresh_token_is_described_without_a_token_type(world, app, ben) -> None:
    pair = await world.pair(app, ben)
    body = (await introspect(world, app, pair["refresh_token"])).json

    assert body["active"]
    assert "token_type" not in body


async def test_what_is_not_active_is_not_described(world, app, anna, ben) -> None:
    other = await world.app(anna)
    pair = await world.pair(app, ben)
    inactive = {"active": False}

    assert (await introspect(world, app, "nonsense")).json == inactive
    assert (await introspect(world, other, pair["access_token"])).json == inactive
    world.clock.advance(3600)
    assert (await introspect(world, app, pair["access_token"])).json == inactive
    (grant,) = await list_grants(world.ports.directory, ben.owner_id)
    await revoke_grant(world.ports, ACTOR, ben.owner_id, grant.id)
    assert (await introspect(world, app, pair["refresh_token"])).json == inactive


async def test_it_tells_the_scopes_that_are_left(world, app, ben) -> None:
    pair = await world.pair(app, ben, scope="device.read device.control")
    await world.pair(app, ben, scope="device.read")

    assert (await introspect(world, app, pair["access_token"])).json["scope"] == "device.read"


@pytest.mark.parametrize("members", [{"client_secret": "wrong"}, {"client_secret": ""}])
async def test_who_does_not_prove_who_it_is_learns_nothing(world, app, ben, members) -> None:
    pair = await world.pair(app, ben)
    refused = await introspect(world, app, pair["access_token"], **members)

    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert refused.headers["www-authenticate"].startswith("Basic")


async def test_a_public_client_may_not_ask(world, anna) -> None:
    public = await world.app(anna, is_public=True)

    assert (await introspect(world, public, "anything")).status == 401
