"""MClimate's way: `/v1/token`, `/v1/auth/login`, `/v1/auth/renew`, parts that can be unticked, and every
error of its authentication answers."""

from __future__ import annotations

import re

import pytest

from ownclimate.core.access import Permission
from ownclimate.oauth import authorize
from ownclimate.oauth.errors import OAuthError
from tests.contract.oauth.world import REDIRECT, query_of

PUBLISHED = {"client_id": "mclimate", "client_secret": "mclimate_core"}
LOGIN = "/v1/auth/login"
RENEW = "/v1/auth/renew"


@pytest.fixture
async def app(world, anna):
    return await world.app(anna, "mclimate")


def credentials(account):
    return {**PUBLISHED, "username": account.email, "password": "password of anna"}


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "form"])
async def test_a_login_answers_with_the_envelope_and_the_same_members_on_top(world, anna, as_json) -> None:
    answer = await world.post(LOGIN, credentials(anna), json=as_json)

    assert answer.status == 200
    body = answer.json
    auth = body["auth"]
    assert set(auth) == {"access_token", "expires_in", "token_type", "scope", "refresh_token"}
    assert (auth["expires_in"], auth["token_type"], auth["scope"]) == (86_400, "Bearer", None)
    assert re.fullmatch("[0-9a-f]{40}", auth["access_token"])
    assert re.fullmatch("[0-9a-f]{40}", auth["refresh_token"])
    assert body["_links"] == {"self": {"href": LOGIN}}
    for name in ("access_token", "expires_in", "token_type", "refresh_token"):
        assert body[name] == auth[name]


async def test_a_renewal_gives_no_new_refresh_token_and_the_old_one_stays(world, anna) -> None:
    auth = (await world.post(LOGIN, credentials(anna))).json["auth"]

    for _ in range(3):
        members = {**PUBLISHED, "refresh_token": auth["refresh_token"]}
        answer = await world.post(RENEW, members, json=True, accept_response="Advanced")
        assert answer.status == 200
        assert set(answer.json["auth"]) == {"access_token", "expires_in", "token_type", "scope"}
        assert answer.json["_links"]["self"]["href"] == RENEW
        assert await world.reason(answer.json["access_token"]) == ""


async def test_a_refresh_token_lives_thirty_days_however_often_it_is_used(world, anna) -> None:
    auth = (await world.post(LOGIN, credentials(anna))).json["auth"]
    members = {**PUBLISHED, "refresh_token": auth["refresh_token"]}
    world.clock.advance(30 * 86_400 - 1)
    assert (await world.post(RENEW, members)).status == 200
    world.clock.advance(1)

    refused = await world.post(RENEW, members)
    assert (refused.status, refused.json["auth"]["error"]) == (401, "invalid_grant")


async def test_a_code_is_exchanged_at_the_vendors_own_path(world, app, ben) -> None:
    code = await world.code(app, ben, response_type=None, redirect_uri=None)
    members = {**app.credentials, "grant_type": "authorization_code", "code": code}

    answer = await world.post("/v1/token", members, json=True)

    assert answer.status == 200
    assert answer.json["_links"] == {"self": {"href": "/v1/token"}}
    assert (await world.access(answer.json["access_token"])).account_id == ben.id


async def test_a_code_lives_a_minute(world, app, ben) -> None:
    code = await world.code(app, ben)
    world.clock.advance(60)

    assert (await world.exchange(app, code)).status == 401


async def test_a_client_without_a_redirect_uri_may_name_one_and_must_repeat_it(world, anna, ben) -> None:
    app = await world.app(anna, "mclimate", redirect_uris=())
    request = await world.ask(app, redirect_uri="http://localhost:9000/cb")
    assert request.names_own_redirect

    for repeated, status in ((REDIRECT, 401), (None, 401), ("http://localhost:9000/cb", 200)):
        code = (await world.allow(request, ben))["code"]
        assert (await world.exchange(app, code, redirect_uri=repeated)).status == status


@pytest.mark.parametrize("uri", ["/cb", "javascript:alert(1)", "org.example.app:/cb", None])
async def test_what_it_names_must_be_an_absolute_web_address(world, anna, uri) -> None:
    app = await world.app(anna, "mclimate", redirect_uris=())
    with pytest.raises(OAuthError):
        await world.ask(app, redirect_uri=uri)


async def test_a_trusted_client_asks_for_every_part(world, app, ben) -> None:
    request = await world.ask(app)
    parts = [scope.name for scope in request.scopes if not scope.is_level]
    pair = await world.pair(app, ben)

    assert parts == ["devices", "profile", "activity", "control", "schedules"]
    access = await world.access(pair["access_token"])
    assert {"basic", "trusted", *parts} == access.scopes
    assert Permission.DEVICE_CONTROL in access.permissions


async def test_a_basic_client_cannot_be_given_control(world, anna, ben) -> None:
    app = await world.app(anna, "mclimate", scopes=("basic",))
    pair = await world.pair(app, ben)

    access = await world.access(pair["access_token"])

    assert access.scopes == {"basic", "devices", "profile", "activity", "schedules"}
    sent = await world.http.request(
        "POST",
        "/v1/provider/send",
        json_body={"serial_number": "UV4X00000001", "command": "turn_led_off"},
        headers={"authorization": f"Bearer {pair['access_token']}"},
    )
    assert sent.status == 403


async def test_an_unticked_part_is_forbidden_and_the_rest_works(world, app, ben) -> None:
    back = await world.allow(await world.ask(app), ben, scopes=["devices", "activity"])
    token = (await world.exchange(app, back["code"])).json["access_token"]
    bearer = {"authorization": f"Bearer {token}"}

    assert (await world.http.get("/v1/controllers", **bearer)).status == 200
    assert (await world.http.get("/v1/users/me", **bearer)).status == 403


ERRORS = {
    "bad password": (LOGIN, {"username": "anna@example.org", "password": "x"}, 401, "invalid_grant"),
    "unknown user": (LOGIN, {"username": "who@example.org", "password": "x"}, 401, "invalid_grant"),
    "no user name": (LOGIN, {"password": "x"}, 400, "invalid_request"),
    "no password": (LOGIN, {"username": "anna@example.org"}, 400, "invalid_request"),
    "wrong secret": (LOGIN, {"client_secret": "x"}, 401, "invalid_client"),
    "unknown client": (LOGIN, {"client_id": "0123456789abc"}, 401, "invalid_client"),
    "bad refresh token": (RENEW, {"refresh_token": "0" * 40}, 401, "invalid_grant"),
    "no refresh token": (RENEW, {}, 400, "invalid_request"),
    "no grant type": ("/v1/token", {}, 400, "invalid_request"),
    "foreign grant type": ("/v1/token", {"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    "a login that asks for a refresh": (
        LOGIN,
        {"grant_type": "refresh_token"},
        400,
        "unsupported_grant_type",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_every_error_keeps_the_auth_envelope(world, anna, case) -> None:
    path, members, status, error = ERRORS[case]
    refused = await world.post(path, PUBLISHED | members, json=True)

    assert refused.status == status
    assert refused.json["auth"]["error"] == error
    assert refused.json["_links"] == {"self": {"href": path}}
    assert refused.headers["content-type"].startswith("application/hal+json")


async def test_a_bad_password_is_told_in_the_vendors_words(world, anna) -> None:
    refused = await world.post(LOGIN, credentials(anna) | {"password": "x"})

    expected = "Invalid username and password combination"
    assert refused.json["auth"]["error_description"] == expected


async def test_bad_and_used_codes_are_invalid_grants(world, app, ben) -> None:
    code = await world.code(app, ben)
    members = {**app.credentials, "grant_type": "authorization_code", "redirect_uri": REDIRECT}
    first = await world.post("/v1/token", members | {"code": code})

    for bad in (code, "0" * 40):
        refused = await world.post("/v1/token", members | {"code": bad})
        assert (refused.status, refused.json["auth"]["error"]) == (401, "invalid_grant")
    assert await world.reason(first.json["access_token"]) == "invalid"


async def test_broken_json_keeps_the_envelope_too(world) -> None:
    headers = {"content-type": "application/json"}
    refused = await world.http.request("POST", LOGIN, body=b"{", headers=headers)

    assert (refused.status, refused.json["auth"]["error"]) == (400, "invalid_request")


async def test_a_client_of_another_dialect_is_unknown_here(world, anna) -> None:
    other = await world.app(anna, "netatmo")
    refused = await world.post("/v1/token", {**other.credentials, "grant_type": "refresh_token"})

    assert (refused.status, refused.json["auth"]["error"]) == (401, "invalid_client")


async def test_too_many_logins_are_a_429_that_says_when(world, anna) -> None:
    world.sign_ins_left = 0
    refused = await world.post(LOGIN, credentials(anna))

    assert refused.status == 429
    assert refused.headers["retry-after"] == "6"


async def test_a_stale_or_missing_token_elsewhere_is_a_problem_with_401(world, anna) -> None:
    token = (await world.post(LOGIN, credentials(anna))).json["access_token"]
    world.clock.advance(86_400)

    for headers in ({"authorization": f"Bearer {token}"}, {"authorization": "Bearer x"}, {}):
        refused = await world.http.get("/v1/controllers", **headers)
        assert refused.status == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["www-authenticate"] == "Bearer"


async def test_a_refused_request_comes_back_with_error_and_description(world, app) -> None:
    back = query_of(authorize.deny(await world.ask(app)))

    assert back["error"] == "access_denied"
    assert back["error_description"]
    assert back["state"] == "a state"
