"""Netatmo's way: scopes, token shapes, answers, and every error of its documents."""

from __future__ import annotations

import re

import pytest

from ownclimate.oauth.clients import switch_client
from ownclimate.oauth.errors import OAuthError, RedirectedError
from tests.contract.oauth.world import REDIRECT, basic
from tests.fakes.households import ACTOR

SEED_SCOPES = (
    "read_station read_thermostat write_thermostat read_camera write_camera read_presence "
    "read_smokedetector read_homecoach"
)


@pytest.fixture
async def app(world, anna):
    return await world.app(anna, "netatmo", may_use_passwords=True)


async def test_ids_codes_and_tokens_have_the_shapes_clients_check(world, app, ben) -> None:
    code = await world.code(app, ben)
    body = (await world.exchange(app, code)).json

    assert re.fullmatch(r"[0-9a-f]{24}", app.id)
    assert re.fullmatch(r"[0-9a-f]{32}", code)
    for token in (body["access_token"], body["refresh_token"]):
        assert re.fullmatch(r"[0-9a-f]{24}\|[0-9a-f]{32}", token)
        assert token.startswith(ben.id)


async def test_the_answer_has_both_spellings_of_the_life_and_scope_as_an_array(world, app, ben) -> None:
    answer = await world.exchange(app, await world.code(app, ben, scope="read_station read_thermostat"))

    body = answer.json
    assert (body["expires_in"], body["expire_in"]) == (10800, 10800)
    assert body["scope"] == ["read_station", "read_thermostat"]
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"


async def test_without_a_scope_read_station_is_asked_for(world, app) -> None:
    assert [scope.name for scope in (await world.ask(app, response_type=None)).scopes] == ["read_station"]


@pytest.mark.parametrize("scope", [SEED_SCOPES, "write_smarther write_mx read_bfi read_magellan"])
async def test_every_published_scope_can_be_asked_for(world, app, scope) -> None:
    assert {scope.name for scope in (await world.ask(app, scope=scope)).scopes} == set(scope.split())


@pytest.mark.parametrize("scope", ["all_scopes", "read_everything", "access_camera", "basic", "device.read"])
async def test_other_scopes_are_invalid(world, app, scope) -> None:
    with pytest.raises(RedirectedError) as refused:
        await world.ask(app, scope=scope)

    assert refused.value.error == "invalid_scope"


async def test_an_access_token_lives_three_hours_and_a_code_ten_minutes(world, app, ben) -> None:
    code = await world.code(app, ben)
    world.clock.advance(599)
    token = (await world.exchange(app, code)).json["access_token"]
    world.clock.advance(10_799)
    assert await world.reason(token) == ""
    world.clock.advance(1)

    assert await world.reason(token) == "expired"


async def call(world, token):
    return await world.http.get("/api/getmeasure", authorization=f"Bearer {token}")


async def test_an_expired_token_is_code_3_and_a_revoked_one_code_2(world, app, ben) -> None:
    old = await world.pair(app, ben)
    new = (await world.refresh(app, old["refresh_token"])).json
    killed = await call(world, old["access_token"])
    world.clock.advance(10_800)
    expired = await call(world, new["access_token"])

    assert (killed.status, killed.json["error"]["code"]) == (403, 2)
    assert (expired.status, expired.json["error"]["code"]) == (403, 3)


async def test_a_refresh_token_lives_a_year_from_its_last_use(world, app, ben) -> None:
    pair = await world.pair(app, ben)
    for _ in range(2):
        world.clock.advance(364 * 24 * 3600)
        answer = await world.refresh(app, pair["refresh_token"])
        assert answer.status == 200
        pair = answer.json
    world.clock.advance(365 * 24 * 3600)

    assert (await world.refresh(app, pair["refresh_token"])).json["error"] == "invalid_grant"


async def test_a_scope_sent_with_a_refresh_is_ignored(world, app, ben) -> None:
    pair = await world.pair(app, ben, scope="read_station")
    renewed = await world.refresh(app, pair["refresh_token"], scope="read_camera nonsense")

    assert renewed.json["scope"] == ["read_station"]


async def test_scope_may_be_sent_once_for_each(world, app, anna) -> None:
    members = {"username": anna.email, "password": "password of anna"}
    answer = await world.token(app, "password", scope=["read_station", "read_homecoach"], **members)

    assert answer.json["scope"] == ["read_station", "read_homecoach"]


async def test_a_basic_header_first_and_the_body_after_it_lose_no_code(world, app, ben) -> None:
    """Go's oauth2 library tries the header, then repeats with both in the body."""
    code = await world.code(app, ben)
    members = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    first = await world.post("/oauth2/token", members, authorization=basic(app.id, "wrong"))

    assert first.status == 400
    assert (await world.exchange(app, code)).status == 200


ERRORS = {
    "username and password missing": (
        {"grant_type": "password"},
        {
            "error": "invalid_request",
            "error_description": 'Missing parameters, "username" and "password" are required',
        },
    ),
    "code missing": ({"grant_type": "authorization_code"}, {"error": "invalid_request"}),
    "refresh token missing": ({"grant_type": "refresh_token"}, {"error": "invalid_request"}),
    "grant type missing": ({}, {"error": "invalid_request"}),
    "unknown scope": (
        {"grant_type": "password", "username": "a", "password": "b", "scope": "all_scopes"},
        {"error": "invalid_scope"},
    ),
    "wrong code": ({"grant_type": "authorization_code", "code": "0" * 32}, {"error": "invalid_grant"}),
    "wrong refresh token": (
        {"grant_type": "refresh_token", "refresh_token": "x"},
        {"error": "invalid_grant"},
    ),
    "wrong password": (
        {"grant_type": "password", "username": "anna@example.org", "password": "b"},
        {"error": "invalid_grant"},
    ),
    "wrong secret": ({"grant_type": "refresh_token", "client_secret": "x"}, {"error": "invalid_client"}),
    "unsupported grant type": ({"grant_type": "client_credentials"}, {"error": "unsupported_grant_type"}),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_every_error_of_the_token_endpoint(world, app, case) -> None:
    members, expected = ERRORS[case]

    refused = await world.post("/oauth2/token", {**app.credentials, **members})

    assert refused.status == 400
    assert refused.json | expected == refused.json
    assert isinstance(refused.json["error"], str)


async def test_a_scope_that_differs_from_what_was_granted_is_refused_in_the_vendors_words(
    world, app, ben
) -> None:
    code = await world.code(app, ben, scope="read_station")
    refused = await world.exchange(app, code, scope="read_station read_camera")

    assert (refused.status, refused.json) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "Scope is not identical as the one granted by the user",
        },
    )
    assert (await world.exchange(app, code, scope="read_station")).status == 200


async def test_the_password_grant_switched_off_is_an_unauthorized_client(world, anna) -> None:
    app = await world.app(anna, "netatmo")
    refused = await world.token(app, "password", username=anna.email, password="password of anna")

    assert (refused.status, refused.json["error"]) == (400, "unauthorized_client")


async def test_an_unknown_client_and_a_redirect_mismatch_are_shown(world, app) -> None:
    for parameters, error in (
        ({"client_id": "0" * 24}, "invalid_client"),
        ({"redirect_uri": "https://evil.example"}, "redirect_uri_mismatch"),
    ):
        with pytest.raises(OAuthError) as refused:
            await world.ask(app, **parameters)
        assert (refused.value.error, refused.value.status) == (error, 400)
        assert not isinstance(refused.value, RedirectedError)


async def test_without_a_registered_redirect_uri_none_can_be_named(world, anna) -> None:
    app = await world.app(anna, "netatmo", redirect_uris=())
    with pytest.raises(OAuthError, match="redirect_uri_mismatch"):
        await world.ask(app)


async def test_an_unknown_response_type_goes_back_through_the_browser(world, app) -> None:
    with pytest.raises(RedirectedError) as refused:
        await world.ask(app, response_type="token")

    assert refused.value.error == "unsupported_response_type"


async def test_too_many_sign_ins_are_too_many_connections(world, app, anna) -> None:
    world.sign_ins_left = 0
    refused = await world.token(app, "password", username=anna.email, password="password of anna")

    assert (refused.status, refused.json) == (403, {"error": "too_many_connections"})
    assert refused.headers["retry-after"] == "6"


async def test_an_app_that_is_switched_off_gets_no_token_and_its_tokens_wait(world, app, ben) -> None:
    """invalid_client with status 400, as the cloud says of deactivated apps; the API says code 5."""
    tokens = (await world.exchange(app, await world.code(app, ben))).json
    code = await world.code(app, ben)

    await switch_client(world.server, ACTOR, app.id, is_on=False)

    answered = await world.http.get("/api/getstationsdata", authorization=f"Bearer {tokens['access_token']}")
    assert (answered.status, answered.json["error"]["code"]) == (406, 5)
    with pytest.raises(OAuthError) as unknown:
        await world.ask(app)
    assert unknown.value.error == "invalid_client"
    exchanged = await world.exchange(app, code)
    assert (exchanged.status, exchanged.json["error"]) == (400, "invalid_client")

    await switch_client(world.server, ACTOR, app.id, is_on=True)
    assert (await world.access(tokens["access_token"])).account_id == ben.id
