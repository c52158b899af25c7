"""RFC 9700: what goes wrong in practice. Also where tokens may be sent, and what leaks nothing."""

from __future__ import annotations

import pytest

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.core.sites import create_site
from ownclimate.oauth import clients
from ownclimate.oauth.clients import ClientForm
from ownclimate.oauth.grants import list_grants
from tests.contract.oauth.world import REDIRECT, basic
from tests.fakes.households import ACTOR


@pytest.mark.parametrize(
    "uri",
    [
        "/back",
        "app.example/back",
        "https://",
        "https:///back",
        "https:app.example",
        "https://app.example/#fragment",
        "https://user:pass@app.example/",
        "https://app.example/a b",
        "https://app.example/\n",
        "https://app.example:notaport/",
        "https://app.exämple/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "about:blank",
        "x" * 3000,
        "",
    ],
)
async def test_what_is_no_redirect_uri_is_not_registered(world, anna, uri) -> None:
    with pytest.raises(InvalidInput):
        await world.app(anna, redirect_uris=(uri,))


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example",
        "http://localhost:8000/cb",
        "http://[::1]:3/cb?a=b",
        "org.example.app:/cb",
        "https://xn--exmple-cua.example/",
    ],
)
async def test_web_addresses_localhost_and_apps_own_schemes_are(world, anna, uri) -> None:
    assert (await world.app(anna, redirect_uris=(uri,))).client.redirect_uris == (uri,)


async def test_one_way_of_client_authentication_at_a_time(world, app) -> None:
    both = await world.post(
        "/oauth2/token",
        {"grant_type": "client_credentials", **app.credentials},
        authorization=basic(app.id, app.secret),
    )

    assert (both.status, both.json["error"]) == (400, "invalid_request")


async def test_header_and_body_must_name_the_same_client(world, app, anna) -> None:
    other = await world.app(anna)
    members = {"grant_type": "client_credentials", "client_id": other.id}

    assert (await world.post("/oauth2/token", members, authorization=basic(app.id, app.secret))).status == 400


@pytest.mark.parametrize("authorization", ["Basic", "Basic !!!", "Basic " + "w6k=", "Bearer x", "Digest x"])
async def test_an_unreadable_authorization_header_authenticates_nobody(world, authorization) -> None:
    members = {"grant_type": "client_credentials"}
    answer = await world.post("/oauth2/token", members, authorization=authorization)

    assert answer.status in (400, 401)


async def test_parameters_in_the_query_of_a_token_request_do_not_count(world, app) -> None:
    query = f"client_id={app.id}&client_secret={app.secret}&grant_type=client_credentials"

    assert (await world.post(f"/oauth2/token?{query}", {})).status == 400


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "scope"])
async def test_a_repeated_parameter_is_refused(world, app, name) -> None:
    members = {"grant_type": "client_credentials", "scope": "device.read", **app.credentials}
    repeated = members | {name: [members[name], members[name]]}
    refused = await world.post("/oauth2/token", repeated)

    assert (refused.status, refused.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"grant_type":["a"]}', "application/json"),
        (b'{"client_id":1,"grant_type":"password"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"client_id=%ff", "application/x-www-form-urlencoded"),
        (b"a=b&" * 500, "application/x-www-form-urlencoded"),
        (b"grant_type=password", "text/plain"),
        (b"<a/>", "application/xml"),
        (b"", ""),
    ],
)
async def test_any_body_is_answered_in_the_protocols_words(world, body, content_type) -> None:
    headers = {"content-type": content_type}
    answer = await world.http.request("POST", "/oauth2/token", body=body, headers=headers)

    assert answer.status in (400, 413)
    assert answer.json["error"] == "invalid_request"


async def test_an_unknown_grant_type_is_unsupported(world, app) -> None:
    for grant_type in ("implicit", "urn:ietf:params:oauth:grant-type:device_code", "x" * 500):
        assert (await world.token(app, grant_type)).json["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("client_id", ["../owner", "a:b", "a" * 65, "ü", "0" * 24, "mclimate\n"])
async def test_an_odd_client_id_is_merely_unknown(world, client_id) -> None:
    members = {"client_id": client_id, "client_secret": "x", "grant_type": "client_credentials"}
    answer = await world.post("/oauth2/token", members, json=True)

    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_no_secret_code_or_token_is_stored_as_it_is(world, app, ben) -> None:
    code = await world.code(app, ben)
    pair = (await world.exchange(app, code)).json
    stored = await everything(world)

    for secret in (app.secret, code, pair["access_token"], pair["refresh_token"]):
        assert secret.rpartition("_")[2] not in stored
        assert secret not in stored


async def test_a_secret_that_is_kept_is_kept_encrypted(world, anna) -> None:
    app = await world.app(anna, "netatmo")

    assert app.secret not in await everything(world)
    assert clients.opened_secret(world.server, app.client) == app.secret


async def everything(world) -> str:
    """Every document of every partition, as text."""
    directory = world.ports.directory.inner
    nodes = getattr(directory, "_nodes", {"": directory}).values()
    return repr([table for node in nodes for table in node._tables.items()])


async def test_nothing_that_logs_would_print_shows_a_secret(world, app, ben) -> None:
    minted = await world.server.ports.directory.find(clients.client_partition(app.id), "client", app.id)

    assert minted is not None
    assert app.secret not in repr(app.client)
    assert app.client.secrets[0].digest not in repr(app.client)


@pytest.mark.parametrize("dialect", ["standard", "netatmo", "mclimate"])
async def test_a_token_request_is_not_stored_by_caches(world, anna, ben, dialect) -> None:
    app = await world.app(anna, dialect)
    given = await world.exchange(app, await world.code(app, ben))
    refused = await world.exchange(app, "nonsense")

    assert given.headers["cache-control"] == refused.headers["cache-control"] == "no-store"


async def test_tokens_of_one_dialect_carry_nothing_into_another(world, anna, ben) -> None:
    """A vendor's scopes count at that vendor's face; standard scopes are our own and count at all."""
    netatmo = await world.pair(await world.app(anna, "netatmo"), ben, scope="read_station")
    standard = await world.pair(await world.app(anna), ben)

    async def status(path: str, token: str) -> int:
        return (await world.http.get(path, authorization=f"Bearer {token}")).status

    assert await status("/v1/controllers", netatmo["access_token"]) == 403
    assert await status("/v1/controllers", standard["access_token"]) == 200


async def test_consent_is_asked_again_when_scopes_grow(world, app, ben) -> None:
    await world.pair(app, ben, scope="device.read")
    (grant,) = await list_grants(world.ports.directory, ben.owner_id)

    assert (await world.ask(app, scope="device.read")).covered_by(grant)
    assert not (await world.ask(app, scope="device.read site.read")).covered_by(grant)
    assert not (await world.ask(app)).covered_by(None)


async def test_what_nobody_was_asked_about_takes_nothing_back_and_gives_no_more(world, app, ben) -> None:
    """A covered request is answered without a page: the grant stays, the new tokens are narrower."""
    home = await create_site(world.ports, ben.owner_id, ACTOR, name="Home")
    wide = await world.ask(app, scope="device.read device.control")
    code = (await world.allow(wide, ben, sites=[home.id]))["code"]
    earlier = (await world.exchange(app, code)).json

    narrow = await world.ask(app, scope="device.read")
    code = (await world.allow(narrow, ben, adds=True))["code"]
    later = (await world.exchange(app, code)).json

    for pair, scopes in ((earlier, {"device.control", "device.read"}), (later, {"device.read"})):
        access = await world.access(pair["access_token"])
        assert {permission.value for permission in access.permissions} == scopes
        assert access.sites == {home.id}


async def test_a_public_client_is_always_asked_for(world, anna, ben) -> None:
    public = await world.app(anna, is_public=True)
    pkce = {
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    request = await world.ask(public, **pkce)
    await world.allow(request, ben)
    (grant,) = await list_grants(world.ports.directory, ben.owner_id)

    assert not request.covered_by(grant)


async def test_scopes_that_need_approval_are_refused_until_an_administrator_approves(
    world, anna, ben
) -> None:
    app = await world.app(anna, "netatmo")
    members = {"scope": "read_camera access_camera"}

    with pytest.raises(Exception, match="access_camera"):
        await world.ask(app, **members)
    await clients.ask_for_scope(world.server, ACTOR, app.id, "access_camera", "to show the porch")
    with pytest.raises(Exception, match="access_camera"):
        await world.ask(app, **members)

    approved = await clients.approve_scopes(world.server, ACTOR, app.id, ["access_camera"])

    assert approved.asked == {}
    assert [scope.name for scope in (await world.ask(app, **members)).scopes] == [
        "read_camera",
        "access_camera",
    ]
    await clients.refuse_scope(world.server, ACTOR, app.id, "access_camera")
    with pytest.raises(Exception, match="access_camera"):
        await world.ask(app, **members)


async def test_a_client_cannot_approve_itself_by_registering_the_scope(world, anna) -> None:
    app = await world.app(anna, "netatmo", scopes=("read_camera", "access_camera"))

    with pytest.raises(Exception, match="access_camera"):
        await world.ask(app, scope="access_camera")


async def test_editing_a_client_keeps_its_secret_and_its_tokens(world, app, anna, ben) -> None:
    pair = await world.pair(app, ben)
    form = ClientForm(name="Renamed", dialect="standard", redirect_uris=(REDIRECT,))
    edited = await clients.edit_client(world.server, ACTOR, app.id, form)

    assert edited.name == "Renamed"
    assert await world.reason(pair["access_token"]) == ""
    assert (await world.refresh(app, pair["refresh_token"])).status == 200


async def test_no_scope_in_any_dialect_gives_more_than_the_permissions_there_are(world) -> None:
    for dialect in world.server.dialects.values():
        for scope in dialect.scopes.values():
            assert scope.permissions <= set(Permission) - {Permission.INGEST}
            assert scope.words
            assert scope.words[0].islower()
