"""RFC 6749 §4.3, the password grant: off, except where two vendors' documents need it."""

from __future__ import annotations

import pytest

from ownclimate.oauth.grants import list_grants
from tests.contract.oauth.world import App, World


def login(account, **more):
    return {"username": account.email, "password": f"password of {account.first_name.lower()}"} | more


@pytest.fixture
async def trusted(world, anna) -> App:
    return await world.app(anna, "netatmo", may_use_passwords=True)


@pytest.mark.parametrize("dialect", ["standard", "netatmo", "mclimate"])
async def test_it_is_off_unless_switched_on(world, anna, dialect) -> None:
    app = await world.app(anna, dialect)

    refused = await world.token(app, "password", **login(anna))

    body = refused.json.get("auth", refused.json)
    assert body["error"] == "unauthorized_client"


async def test_the_owner_of_the_client_gets_tokens_for_the_password(world, trusted, anna) -> None:
    answer = await world.token(trusted, "password", **login(anna), scope="read_station read_thermostat")

    assert answer.status == 200
    assert answer.json["scope"] == ["read_station", "read_thermostat"]
    access = await world.access(answer.json["access_token"])
    assert (access.account_id, access.scopes) == (anna.id, {"read_station", "read_thermostat"})
    assert (await world.refresh(trusted, answer.json["refresh_token"])).status == 200


async def test_nobody_elses_password_is_taken(world, trusted, ben) -> None:
    refused = await world.token(trusted, "password", **login(ben))

    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert await list_grants(world.ports.directory, ben.owner_id) == []


async def test_a_wrong_password_an_unknown_e_mail_and_another_account_look_the_same(
    world, trusted, anna, ben
) -> None:
    bodies = [
        (await world.token(trusted, "password", **members)).body
        for members in (
            login(anna, password="wrong"),
            login(anna, username="nobody@example.org"),
            login(ben),
        )
    ]

    assert len(set(bodies)) == 1


async def test_without_a_scope_it_is_the_default(world, trusted, anna) -> None:
    assert (await world.token(trusted, "password", **login(anna))).json["scope"] == ["read_station"]


async def test_a_second_login_adds_to_what_the_first_was_given(world, trusted, anna) -> None:
    first = (await world.token(trusted, "password", **login(anna), scope="read_station")).json
    second = (await world.token(trusted, "password", **login(anna), scope="read_camera")).json

    assert (await world.access(first["access_token"])).scopes == {"read_station"}
    assert (await world.access(second["access_token"])).scopes == {"read_camera"}


async def test_the_client_that_mclimates_libraries_carry_takes_any_account(world, anna, ben) -> None:
    for account in (anna, ben):
        members = login(account, client_id="mclimate", client_secret="mclimate_core")
        answer = await world.post("/v1/auth/login", members)
        assert answer.status == 200
        assert (await world.access(answer.json["auth"]["access_token"])).account_id == account.id


async def test_that_client_is_good_for_passwords_and_refreshes_only(world, anna) -> None:
    app = App(world.server.built_in["mclimate"], "mclimate_core")

    for grant_type, members in (
        ("authorization_code", {"code": "0" * 40}),
        ("client_credentials", {}),
    ):
        assert (await world.token(app, grant_type, **members)).status in (400, 401)


async def test_that_client_can_be_switched_off(directory, clock, entropy) -> None:
    world = World.over(directory, clock, entropy, without_built_in=frozenset({"mclimate"}))
    anna = await world.person("anna")

    members = login(anna, client_id="mclimate", client_secret="mclimate_core")
    refused = await world.post("/v1/auth/login", members)

    assert (refused.status, refused.json["auth"]["error"]) == (401, "invalid_client")
