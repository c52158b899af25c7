"""Every error that SmartBuildings' `/token` and its gateway give."""

from __future__ import annotations

import pytest

AUDIENCE = "https://api.sb.ecobee.com"
DENIED = {"error": "access_denied", "error_description": "Unauthorized"}
TENANT_MODE = "/api/v1/thermostats/511863314842/tenantMode"


@pytest.fixture
async def app(world, anna):
    await world.with_signing_key()
    return await world.app(anna, "smartbuildings", scopes=("read:thermostat",))


async def ask(world, app, **members):
    given = {"grant_type": "client_credentials", "audience": AUDIENCE, **app.credentials} | members
    sent = {name: value for name, value in given.items() if value is not None}
    return await world.post("/token", sent, json=True)


@pytest.mark.parametrize("name", ["grant_type", "audience", "client_id", "client_secret"])
async def test_a_missing_parameter_is_named(world, app, name) -> None:
    refused = await ask(world, app, **{name: None})

    assert refused.status == 400
    assert refused.json == {
        "error": "invalid_request",
        "error_description": f"Missing required parameter: {name}",
    }


async def test_broken_json_is_an_invalid_request(world) -> None:
    headers = {"content-type": "application/json"}
    refused = await world.http.request("POST", "/token", body=b"{", headers=headers)

    assert (refused.status, refused.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("members", [{"client_id": "0" * 32}, {"client_secret": "wrong"}])
async def test_an_unknown_client_or_a_wrong_secret_is_a_401(world, app, members) -> None:
    refused = await ask(world, app, **members)

    assert (refused.status, refused.json) == (401, DENIED)


@pytest.mark.parametrize(
    "members",
    [
        {"audience": "https://api.other.example"},
        {"grant_type": "password"},
        {"grant_type": "nonsense"},
        {"scope": "write:thermostat"},
        {"scope": "read:nothing"},
    ],
)
async def test_what_a_client_may_not_is_a_403_with_the_same_body(world, app, members) -> None:
    refused = await ask(world, app, **members)

    assert (refused.status, refused.json) == (403, DENIED)


async def test_a_basic_header_is_not_looked_at(world, app) -> None:
    refused = await world.post(
        "/token",
        {"grant_type": "client_credentials", "audience": AUDIENCE},
        authorization="Basic eDp5",
    )

    assert refused.status == 400


async def call(world, **headers):
    return await world.http.request("PATCH", TENANT_MODE, json_body={"isTenantMode": True}, headers=headers)


async def test_an_expired_token_is_told_at_top_level(world, app) -> None:
    token = (await ask(world, app)).json["access_token"]
    world.clock.advance(7200)
    refused = await call(world, authorization=f"Bearer {token}")

    assert (refused.status, refused.json) == (401, {"exp": "token expired"})


async def test_no_token_and_a_bad_one_are_told_apart(world, app) -> None:
    missing = await call(world)
    bad = await call(world, authorization="Bearer eyJhbGciOiJub25lIn0.e30.")

    assert (missing.status, missing.json) == (401, {"message": "Unauthorized"})
    assert bad.status == 401
    assert bad.json["message"].startswith("Bad token")


async def test_a_missing_scope_is_a_403_in_the_envelope(world, app) -> None:
    token = (await ask(world, app)).json["access_token"]
    refused = await call(world, authorization=f"Bearer {token}")

    assert refused.status == 403
    assert (refused.json["status"], refused.json["code"]) == ("error", 403)
