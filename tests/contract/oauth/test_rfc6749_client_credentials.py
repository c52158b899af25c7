"""RFC 6749 §4.4: a client acts for the owner that registered it."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from ownclimate.oauth.clients import rotate_secret
from ownclimate.oauth.encryption import Cipher
from ownclimate.oauth.grants import list_grants, revoke_grant, revoke_grants_of_client
from ownclimate.oauth.signing import SigningKeys
from tests.contract.oauth.world import basic
from tests.fakes.households import ACTOR

AUDIENCE = "https://api.sb.ecobee.com"
DAY_S = 24 * 3600


@pytest.fixture
async def company(world, anna):
    await world.with_signing_key()
    return await world.app(anna, "smartbuildings")


async def sb_token(world, app, **members):
    given = {"grant_type": "client_credentials", "audience": AUDIENCE, **app.credentials} | members
    return await world.post("/token", given, json=True)


async def test_a_client_gets_an_access_token_and_no_refresh_token(world, app, anna) -> None:
    answer = await world.token(app, "client_credentials")

    assert answer.status == 200
    assert "refresh_token" not in answer.json
    access = await world.access(answer.json["access_token"])
    assert (access.owner_id, access.account_id, access.client_id) == (anna.owner_id, None, app.id)


async def test_asking_for_fewer_scopes_gives_fewer(world, app) -> None:
    answer = await world.token(app, "client_credentials", scope="device.read")

    assert answer.json["scope"] == "device.read"
    assert len((await world.access(answer.json["access_token"])).permissions) == 1


async def test_a_scope_the_client_may_not_have_is_refused(world, anna) -> None:
    app = await world.app(anna, scopes=("device.read",))

    refused = await world.token(app, "client_credentials", scope="device.read device.control")

    assert (refused.status, refused.json["error"]) == (400, "invalid_scope")


async def test_a_public_client_acts_for_nobody(world, anna) -> None:
    public = await world.app(anna, is_public=True)

    assert (await world.token(public, "client_credentials")).json["error"] == "unauthorized_client"


async def test_both_secrets_are_good_during_a_rotation_and_the_old_one_ends(world, app) -> None:
    new = await rotate_secret(world.server, ACTOR, app.id)

    async def status(secret: str) -> int:
        members = {"grant_type": "client_credentials"}
        return (await world.post("/oauth2/token", members, authorization=basic(app.id, secret))).status

    assert (await status(app.secret), await status(new), await status("wrong")) == (200, 200, 401)
    world.clock.advance(DAY_S)
    assert (await status(app.secret), await status(new)) == (401, 200)


async def test_a_second_rotation_does_not_lengthen_the_first_secrets_life(world, app) -> None:
    await rotate_secret(world.server, ACTOR, app.id)
    world.clock.advance(DAY_S - 1)
    await rotate_secret(world.server, ACTOR, app.id)
    world.clock.advance(1)

    assert (await world.token(app, "client_credentials")).json["error"] == "invalid_client"


async def test_a_deleted_client_gets_nothing_and_its_tokens_are_dead(world, app, ben) -> None:
    own = (await world.token(app, "client_credentials")).json["access_token"]
    granted = await world.pair(app, ben)
    code = await world.code(app, ben)

    await revoke_grants_of_client(world.server, ACTOR, app.id)

    assert await world.reason(own) == "invalid"
    assert await world.reason(granted["access_token"]) == "invalid"
    assert (await world.exchange(app, code)).json["error"] == "invalid_client"
    assert await list_grants(world.ports.directory, ben.owner_id) == []


async def test_what_is_issued_while_a_client_is_deleted_is_dead_as_well(world, app) -> None:
    answers = await asyncio.gather(
        *(world.token(app, "client_credentials") for _ in range(8)),
        revoke_grants_of_client(world.server, ACTOR, app.id),
        *(world.token(app, "client_credentials") for _ in range(8)),
    )

    for answer in answers:
        if answer is not None and answer.status == 200:
            assert await world.reason(answer.json["access_token"]) == "invalid"


async def test_smartbuildings_answers_as_its_document_shows(world, company) -> None:
    answer = await sb_token(world, company, scope="read:thermostat read:thermostats")

    body = answer.json
    assert set(body) == {"access_token", "scope", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (7200, "Bearer")
    assert body["scope"] == (
        "create:building create:thermostat delete:building delete:thermostat read:building read:buildings "
        "read:thermostat read:thermostats write:building write:tenantmode write:thermostat"
    )


@pytest.mark.parametrize("extra", [{"scopes": "read:nothing"}, {"company": {"a": [1]}}])
async def test_smartbuildings_ignores_keys_it_does_not_know(world, company, extra) -> None:
    assert (await sb_token(world, company, **extra)).status == 200


async def test_smartbuildings_takes_a_form_and_its_own_address_as_audience(world, company) -> None:
    members = {"grant_type": "client_credentials", "audience": "http://climate.test", **company.credentials}

    assert (await world.post("/token", members)).status == 200


async def test_the_jwt_verifies_with_the_published_keys_and_says_whose_it_is(world, company, anna) -> None:
    token = (await sb_token(world, company)).json["access_token"]
    published = (await world.http.get("/.well-known/jwks.json")).json

    verified = jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"])

    now_s = world.clock.now_ms() // 1000
    assert verified.header == {"alg": "RS256", "typ": "JWT", "kid": published["keys"][0]["kid"]}
    claims = verified.claims
    assert next(iter(claims)) == "https://api.sb.ecobee.com/smartbuildings-company-id"
    assert next(iter(claims.values())) == anna.owner_id
    assert claims["sub"] == f"{company.id}@clients"
    assert (claims["azp"], claims["aud"], claims["gty"]) == (company.id, AUDIENCE, "client-credentials")
    assert (claims["iat"], claims["exp"]) == (now_s, now_s + 7200)


async def test_no_private_half_of_a_key_is_published(world, company) -> None:
    published = (await world.http.get("/.well-known/jwks.json")).json

    assert all(not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) for key in published["keys"])


async def test_two_tokens_of_one_moment_differ(world, company) -> None:
    tokens = [(await sb_token(world, company)).json["access_token"] for _ in range(2)]

    assert tokens[0] != tokens[1]


async def test_the_look_up_decides_and_not_the_signature(world, company, anna) -> None:
    token = (await sb_token(world, company)).json["access_token"]
    (grant,) = await list_grants(world.ports.directory, anna.owner_id)
    assert await world.reason(token) == ""

    await revoke_grant(world.ports, ACTOR, anna.owner_id, grant.id)

    assert await world.reason(token) == "invalid"


def altered(token: str, **claims) -> str:
    header, payload, signature = token.split(".")
    members = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(members | claims).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


async def test_an_altered_or_unsigned_jwt_opens_nothing(world, company) -> None:
    token = (await sb_token(world, company)).json["access_token"]
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    payload = token.split(".")[1]

    for forged in (
        altered(token, scope="everything"),
        altered(token, exp=9_999_999_999),
        altered(token, jti="x" * 24),
        f"{header}.{payload}.",
        token[:-2],
        "eyJ.eyJ.x",
        "eyJ" + "A" * 5000,
    ):
        assert await world.reason(forged) == "invalid"


async def test_a_token_that_expired_says_so_whatever_its_claims(world, company) -> None:
    token = (await sb_token(world, company)).json["access_token"]
    world.clock.advance(7200)

    assert await world.reason(token) == "expired"


async def test_keys_rotate_and_the_old_one_stays_published_until_its_tokens_are_over(world, company) -> None:
    token = (await sb_token(world, company)).json["access_token"]
    await world.server.keys.rotate()
    new = (await sb_token(world, company)).json["access_token"]

    published = KeySet.import_key_set((await world.http.get("/.well-known/jwks.json")).json)
    assert len(published.keys) == 2
    for text in (token, new):
        jwt.decode(text, published, algorithms=["RS256"])
    world.clock.advance(3 * DAY_S)
    await world.server.keys.tidy()
    assert len((await world.http.get("/.well-known/jwks.json")).json["keys"]) == 1


async def test_a_server_that_lost_its_key_file_signs_with_a_new_key(world, company, entropy) -> None:
    old = (await sb_token(world, company)).json["access_token"]
    keys = SigningKeys(world.ports, Cipher(b"x" * 32, entropy))

    signed = await keys.sign({"sub": "anybody"})

    published = KeySet.import_key_set(await keys.public_set())
    assert jwt.decode(signed, published, algorithms=["RS256"]).claims["sub"] == "anybody"
    assert await world.reason(old) == ""
