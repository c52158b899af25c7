"""RFC 6749 §4.1, the authorization code grant; cases after Authlib's, Hydra's and the OpenID
conformance suite's (`oidcc-codereuse`, `ensure-redirect-uri-in-authorization-request`, …)."""

from __future__ import annotations

import asyncio
import re

import pytest

from ownclimate.core.access import Permission
from ownclimate.core.sites import create_site
from ownclimate.oauth import authorize
from ownclimate.oauth.errors import OAuthError, RedirectedError
from tests.contract.oauth.world import ISSUER, REDIRECT, basic, query_of
from tests.fakes.households import ACTOR


async def test_a_code_is_exchanged_for_an_access_and_a_refresh_token(world, app, anna, ben) -> None:
    answer = await world.exchange(app, await world.code(app, ben))

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    access = await world.access(body["access_token"])
    assert (access.owner_id, access.account_id, access.client_id) == (ben.owner_id, ben.id, app.id)
    assert access.permissions == {Permission.SITE_READ, Permission.DEVICE_READ}


async def test_the_browser_brings_back_code_state_and_issuer(world, app, ben) -> None:
    back = await world.allow(await world.ask(app, state="xyz &="), ben)

    assert set(back) == {"code", "state", "iss"}
    assert back["state"] == "xyz &="


async def test_without_state_none_comes_back(world, app, ben) -> None:
    assert set(await world.allow(await world.ask(app, state=None), ben)) == {"code", "iss"}


async def test_a_query_that_the_redirect_uri_has_is_kept(world, anna, ben) -> None:
    app = await world.app(anna, redirect_uris=(f"{REDIRECT}?tenant=7",))
    back = await world.allow(await world.ask(app, redirect_uri=f"{REDIRECT}?tenant=7"), ben)

    assert back["tenant"] == "7"
    assert "code" in back


async def test_a_refusal_goes_back_as_access_denied(world, app) -> None:
    back = query_of(authorize.deny(await world.ask(app)))

    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "a state", ISSUER)
    assert "code" not in back


async def test_a_second_use_of_a_code_is_refused_and_ends_what_the_first_gave(world, app, ben) -> None:
    code = await world.code(app, ben)
    first = (await world.exchange(app, code)).json

    second = await world.exchange(app, code)

    assert (second.status, second.json["error"]) == (400, "invalid_grant")
    assert await world.reason(first["access_token"]) == "invalid"
    assert (await world.refresh(app, first["refresh_token"])).json["error"] == "invalid_grant"


async def test_a_second_use_also_ends_what_refreshes_made_of_the_first(world, app, ben) -> None:
    code = await world.code(app, ben)
    first = (await world.exchange(app, code)).json
    renewed = (await world.refresh(app, first["refresh_token"])).json

    await world.exchange(app, code)

    assert await world.reason(renewed["access_token"]) == "invalid"


async def test_a_second_use_leaves_other_sign_ins_of_the_same_app_alone(world, app, ben) -> None:
    other = await world.pair(app, ben)
    code = await world.code(app, ben)
    await world.exchange(app, code)
    await world.exchange(app, code)

    assert await world.reason(other["access_token"]) == ""


async def test_of_many_exchanges_at_once_at_most_one_gives_tokens(world, app, ben) -> None:
    code = await world.code(app, ben)
    answers = await asyncio.gather(*(world.exchange(app, code) for _ in range(16)))

    given = [answer.json["access_token"] for answer in answers if answer.status == 200]
    assert len(given) <= 1
    # The others were second uses, so what was given is dead too.
    assert [await world.reason(token) for token in given] == ["invalid"] * len(given)


@pytest.mark.parametrize("late_s", [0, 60])
async def test_a_code_lives_as_long_as_its_dialect_says(world, app, ben, late_s) -> None:
    code = await world.code(app, ben)
    world.clock.advance(59 + late_s)

    assert (await world.exchange(app, code)).status == (200 if not late_s else 400)


async def test_a_failed_client_authentication_does_not_use_a_code_up(world, app, ben) -> None:
    code = await world.code(app, ben)
    failed = await world.exchange(app, code, client_secret="wrong")

    assert (failed.status, failed.json["error"]) == (401, "invalid_client")
    assert (await world.exchange(app, code)).status == 200


async def test_another_client_cannot_use_a_code_nor_use_it_up(world, app, anna, ben) -> None:
    other = await world.app(anna)
    code = await world.code(app, ben)

    assert (await world.exchange(other, code)).json["error"] == "invalid_grant"
    assert (await world.exchange(app, code)).status == 200


async def test_another_client_that_repeats_a_used_code_ends_nothing(world, app, anna, ben) -> None:
    other = await world.app(anna)
    code = await world.code(app, ben)
    first = (await world.exchange(app, code)).json
    await world.exchange(other, code)

    assert await world.reason(first["access_token"]) == ""


@pytest.mark.parametrize("redirect_uri", [None, f"{REDIRECT}/", "https://evil.example/back"])
async def test_the_exchange_must_repeat_the_redirect_uri(world, app, ben, redirect_uri) -> None:
    code = await world.code(app, ben)

    refused = await world.exchange(app, code, redirect_uri=redirect_uri)

    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert (await world.exchange(app, code)).status == 400, "whoever has the code gets one try"


async def test_a_redirect_uri_left_out_at_first_may_be_left_out_again(world, app, ben) -> None:
    code = await world.code(app, ben, redirect_uri=None)

    assert (await world.exchange(app, code, redirect_uri=None)).status == 200


async def test_one_of_two_redirect_uris_does_for_the_other_in_no_exchange(world, anna, ben) -> None:
    """Mixed-up redirect URIs: both are registered, but the code went to one of them."""
    app = await world.app(anna, redirect_uris=(REDIRECT, "https://app.example/other"))
    code = await world.code(app, ben)

    assert (await world.exchange(app, code, redirect_uri="https://app.example/other")).status == 400


@pytest.mark.parametrize("code", ["", "nonsense", "occ_" + "0" * 24 + "_" + "0" * 64, "0" * 32, "0" * 40])
async def test_a_made_up_code_is_refused(world, app, code) -> None:
    refused = await world.exchange(app, code)

    assert refused.status == 400
    assert refused.json["error"] == ("invalid_grant" if code else "invalid_request")


async def test_a_token_is_no_code(world, app, ben) -> None:
    pair = await world.pair(app, ben)

    assert (await world.exchange(app, pair["refresh_token"])).json["error"] == "invalid_grant"


async def test_an_unknown_client_is_shown_and_redirected_nowhere(world, app) -> None:
    with pytest.raises(OAuthError) as refused:
        await world.ask(app, client_id="feedfacefeedfacefeedface")

    assert refused.value.error == "invalid_client"
    assert not isinstance(refused.value, RedirectedError)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/back",
        f"{REDIRECT}/",
        f"{REDIRECT}?a=b",
        f"{REDIRECT}#fragment",
        "https://app.example.evil.example/back",
        "https://app.example/back/../evil",
        "https://app.example@evil.example/back",
        "HTTPS://app.example/back",
        "http://app.example/back",
        "//app.example/back",
        "javascript:alert(1)",
        "https://app.example/back\r\nSet-Cookie: a=b",
    ],
)
async def test_a_redirect_uri_is_compared_character_by_character(world, app, redirect_uri) -> None:
    """No open redirect: what is not registered is shown and never gone to."""
    with pytest.raises(OAuthError) as refused:
        await world.ask(app, redirect_uri=redirect_uri)

    assert refused.value.error == "redirect_uri_mismatch"
    assert not isinstance(refused.value, RedirectedError)


async def test_with_several_redirect_uris_one_must_be_named_or_be_the_default(world, anna) -> None:
    uris = (REDIRECT, "https://app.example/other")
    without = await world.app(anna, redirect_uris=uris)
    with_default = await world.app(anna, redirect_uris=uris, default_redirect_uri=uris[1])

    with pytest.raises(OAuthError, match="name one"):
        await world.ask(without, redirect_uri=None)
    assert (await world.ask(with_default, redirect_uri=None)).redirect_uri == uris[1]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"scope": "device.read everything"}, "invalid_scope"),
        ({"scope": "ingest"}, "invalid_scope"),
        ({"scope": '"<script>" ü ' + "x" * 5000}, "invalid_scope"),
        ({"state": "x" * 5000}, "invalid_request"),
    ],
)
async def test_what_is_wrong_with_a_request_is_told_through_the_browser(
    world, app, parameters, error
) -> None:
    with pytest.raises(RedirectedError) as refused:
        await world.ask(app, **parameters)

    assert refused.value.location.startswith(f"{REDIRECT}?")
    back = query_of(refused.value.location)
    assert (back["error"], back["iss"]) == (error, ISSUER)
    assert back["state"] == parameters.get("state", "a state")
    assert re.fullmatch(r"[ !#-\[\]-~]{1,200}", back["error_description"]), "RFC 6749 §4.1.2.1"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_repeated_client_or_redirect_uri_is_shown(world, app, name) -> None:
    pairs = [("client_id", app.id), ("redirect_uri", REDIRECT), ("response_type", "code")]
    pairs.append((name, dict(pairs)[name]))
    with pytest.raises(OAuthError) as refused:
        await authorize.validate(world.server, pairs, issuer=ISSUER)

    assert not isinstance(refused.value, RedirectedError)


@pytest.mark.parametrize("name", ["state", "scope", "response_type", "nonce"])
async def test_any_other_repeated_parameter_is_told_through_the_browser(world, app, name) -> None:
    pairs = [("client_id", app.id), ("response_type", "code"), (name, "code"), (name, "code")]
    with pytest.raises(RedirectedError) as refused:
        await authorize.validate(world.server, pairs, issuer=ISSUER)

    assert refused.value.error == "invalid_request"
    assert "state" not in query_of(refused.value.location)


async def test_unknown_parameters_are_ignored(world, app) -> None:
    assert (await world.ask(app, prompt="login", claims="{}")).client.id == app.id


async def test_a_token_reaches_the_sites_that_were_ticked_and_no_other(world, app, ben) -> None:
    home = await create_site(world.ports, ben.owner_id, ACTOR, name="Home")
    cabin = await create_site(world.ports, ben.owner_id, ACTOR, name="Cabin")
    back = await world.allow(await world.ask(app), ben, sites=[home.id])
    token = (await world.exchange(app, back["code"])).json["access_token"]

    access = await world.access(token)

    assert (access.reaches(home.id), access.reaches(cabin.id), access.reaches(None)) == (True, False, False)


async def test_scopes_left_out_on_the_page_are_not_in_the_token_nor_in_the_answer(world, app, ben) -> None:
    request = await world.ask(app, scope="device.read device.control")
    back = await world.allow(request, ben, scopes=["device.read", "account.read"])
    body = (await world.exchange(app, back["code"])).json

    assert body["scope"] == "device.read"
    assert (await world.access(body["access_token"])).permissions == {Permission.DEVICE_READ}


async def test_asking_again_for_less_takes_back_the_rest_from_earlier_tokens(world, app, ben) -> None:
    """A token never carries more than is granted: the last word of the person counts."""
    earlier = await world.pair(app, ben, scope="device.read device.control")
    await world.pair(app, ben, scope="device.read")

    access = await world.access(earlier["access_token"])

    assert access.permissions == {Permission.DEVICE_READ}


async def test_a_client_may_authenticate_by_basic_header(world, app, ben) -> None:
    code = await world.code(app, ben)
    members = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}

    answer = await world.post("/oauth2/token", members, authorization=basic(app.id, app.secret))

    assert answer.status == 200
