"""Published OAuth client libraries, unmodified, against the real command.

What a person does on the consent page is done straight in the store beside the running server; the
page itself has its own browser tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import melissa.async_wrapper
import melissa.wrapper
import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from requests_oauthlib import OAuth2Session

from ownclimate import data_folder
from ownclimate.authorization import open_authorization
from ownclimate.config import Settings
from ownclimate.core.accounts import get_account
from ownclimate.core.things import Account
from ownclimate.oauth import authorize
from ownclimate.oauth.clients import ClientForm, create_client
from ownclimate.oauth.server import AuthorizationServer
from tests.fakes.households import ACTOR
from tests.fakes.server import Server, run, run_json

T = TypeVar("T")
EMAIL = "anna@example.org"
PASSWORD = "correct horse battery"
REDIRECT = "http://localhost:9000/back"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # both libraries: this test has no TLS
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    data = tmp_path_factory.mktemp("oauth") / "data"
    run(data, "user", "add", EMAIL, stdin=f"{PASSWORD}\n")
    with Server.start(data) as running:
        yield running


async def with_authorization(
    server: Server, work: Callable[[AuthorizationServer, Account], Awaitable[T]]
) -> T:
    """Works in the store beside the running server, as the command line does."""
    settings = Settings()
    async with data_folder.open_ports(server.data, settings) as ports:
        account = await get_account(ports.directory, EMAIL)
        return await work(open_authorization(ports, server.data, settings), account)


def register(server: Server, dialect: str, **form: Any) -> dict[str, str]:
    redirects = () if dialect == "smartbuildings" else (REDIRECT,)
    filled = ClientForm(name="An app", dialect=dialect, redirect_uris=redirects, **form)

    async def create(authorization: AuthorizationServer, account: Account) -> dict[str, str]:
        client, secret = await create_client(authorization, ACTOR, account, filled)
        return {"client_id": client.id} | ({"client_secret": secret} if secret else {})

    return asyncio.run(with_authorization(server, create))


def allow(server: Server, url: str) -> str:
    """Where the browser goes after Anna allowed what the URL asks for."""

    async def decide(authorization: AuthorizationServer, account: Account) -> str:
        pairs = parse_qsl(urlsplit(url).query)
        request = await authorize.validate(authorization, pairs, issuer=server.url)
        return await authorize.approve(
            authorization, request, owner_id=account.owner_id, account_id=account.id, actor=ACTOR
        )

    return asyncio.run(with_authorization(server, decide))


@pytest.mark.parametrize("pkce", [None, "S256"], ids=["without-pkce", "with-pkce"])
def test_requests_oauthlib_completes_the_code_flow_and_refreshes(server, pkce) -> None:
    app = register(server, "standard")
    session = OAuth2Session(app["client_id"], redirect_uri=REDIRECT, scope="device.read site.read", pkce=pkce)
    url, state = session.authorization_url(f"{server.url}/oauth2/authorize")
    location = allow(server, url)

    token = session.fetch_token(
        f"{server.url}/oauth2/token", authorization_response=location, client_secret=app["client_secret"]
    )
    renewed = session.refresh_token(
        f"{server.url}/oauth2/token", client_id=app["client_id"], client_secret=app["client_secret"]
    )

    assert f"state={state}" in location
    assert token["expires_in"] == 3600
    assert renewed["refresh_token"] != token["refresh_token"]
    assert session.get(f"{server.url}/v1/controllers").status_code == 200


@pytest.mark.parametrize("pkce", [False, True], ids=["without-pkce", "with-pkce"])
@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_authlib_completes_the_code_flow_refreshes_introspects_and_revokes(server, pkce, auth) -> None:
    app = register(server, "standard")
    session = AuthlibSession(
        app["client_id"],
        app["client_secret"],
        redirect_uri=REDIRECT,
        scope="device.read site.read",
        token_endpoint_auth_method=auth,
        revocation_endpoint_auth_method=auth,
        code_challenge_method="S256" if pkce else None,
    )
    more = {"code_verifier": "v" * 50} if pkce else {}
    url, _ = session.create_authorization_url(f"{server.url}/oauth2/authorize", **more)
    token_url = f"{server.url}/oauth2/token"

    token = session.fetch_token(token_url, authorization_response=allow(server, url), **more)
    renewed = session.refresh_token(token_url, token["refresh_token"])
    found = session.introspect_token(f"{server.url}/oauth2/introspect", renewed["access_token"]).json()
    works = session.get(f"{server.url}/v1/controllers").status_code
    session.revoke_token(f"{server.url}/oauth2/revoke", renewed["refresh_token"])

    assert (found["active"], found["client_id"]) == (True, app["client_id"])
    assert works == 200
    refused = server.request("GET", "/v1/controllers", token=renewed["access_token"])
    assert refused.status == 401


def test_authlib_completes_it_for_a_public_client(server) -> None:
    app = register(server, "standard", is_public=True)
    assert "client_secret" not in app
    session = AuthlibSession(
        app["client_id"],
        redirect_uri=REDIRECT,
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    url, _ = session.create_authorization_url(f"{server.url}/oauth2/authorize", code_verifier="v" * 50)
    location = allow(server, url)

    session.fetch_token(f"{server.url}/oauth2/token", authorization_response=location, code_verifier="v" * 50)

    assert session.get(f"{server.url}/v1/controllers").status_code == 200


@pytest.mark.parametrize("dialect", ["netatmo", "mclimate"])
def test_requests_oauthlib_completes_the_code_flow_in_a_vendors_dialect(server, dialect) -> None:
    app = register(server, dialect)
    session = OAuth2Session(app["client_id"], redirect_uri=REDIRECT)
    url, _ = session.authorization_url(f"{server.url}/oauth2/authorize")
    path = "/oauth2/token" if dialect == "netatmo" else "/v1/token"

    token = session.fetch_token(
        server.url + path,
        authorization_response=allow(server, url),
        client_secret=app["client_secret"],
        include_client_id=True,
    )

    assert token["access_token"]
    assert token["refresh_token"]


def test_requests_oauthlib_gets_client_credentials(server) -> None:
    app = register(server, "standard", scopes=("device.read",))
    session = OAuth2Session(client=BackendApplicationClient(app["client_id"]))

    token = session.fetch_token(f"{server.url}/oauth2/token", client_secret=app["client_secret"])

    assert token["scope"] == ["device.read"]
    assert session.get(f"{server.url}/v1/controllers").status_code == 200


def test_authlib_gets_a_smartbuildings_jwt_that_the_published_keys_verify(server) -> None:
    app = register(server, "smartbuildings")
    session = AuthlibSession(
        app["client_id"], app["client_secret"], token_endpoint_auth_method="client_secret_post"
    )
    token = session.fetch_token(
        f"{server.url}/token", grant_type="client_credentials", audience="https://api.sb.ecobee.com"
    )
    keys = KeySet.import_key_set(server.request("GET", "/.well-known/jwks.json").json)

    claims = jwt.decode(token["access_token"], keys, algorithms=["RS256"]).claims

    assert claims["azp"] == app["client_id"]


def test_requests_oauthlib_signs_in_with_a_password_where_that_is_switched_on(server) -> None:
    app = register(server, "netatmo", may_use_passwords=True)
    session = OAuth2Session(client=LegacyApplicationClient(app["client_id"]), scope=["read_station"])

    token = session.fetch_token(
        f"{server.url}/oauth2/token",
        username=EMAIL,
        password=PASSWORD,
        client_secret=app["client_secret"],
        include_client_id=True,
    )

    assert token["expires_in"] == token["expire_in"] == 10_800


def test_py_melissa_climate_logs_in(server, monkeypatch) -> None:
    """Unmodified but for the base URL, which the library keeps in a module constant."""
    monkeypatch.setattr(melissa.async_wrapper, "MELISSA_URL", f"{server.url}/v1/%s")

    async def connect() -> str:
        api = melissa.AsyncMelissa(username=EMAIL, password=PASSWORD)
        try:
            await api.async_connect()
            return api.access_token
        finally:
            await api.session._connector.close()
            await api.session.close()

    token = asyncio.run(connect())

    assert server.request("GET", "/v1/users/me", token=token).json["users"]["username"] == EMAIL


def test_py_melissa_climate_says_so_when_the_password_is_wrong(server, monkeypatch) -> None:
    monkeypatch.setattr(melissa.async_wrapper, "MELISSA_URL", f"{server.url}/v1/%s")

    async def connect() -> None:
        api = melissa.AsyncMelissa(username=EMAIL, password="wrong")
        try:
            await api.async_connect()
        finally:
            await api.session._connector.close()
            await api.session.close()

    with pytest.raises(melissa.async_wrapper.ApiException) as refused:
        asyncio.run(connect())

    assert refused.value.status_code == 401


def test_the_vendors_blocking_wrapper_logs_in_and_lists_devices(server, monkeypatch) -> None:
    monkeypatch.setattr(melissa.wrapper, "MELISSA_URL", f"{server.url}/v1/%s")

    api = melissa.Melissa(username=EMAIL, password=PASSWORD)

    assert api.have_connection
    assert server.request("GET", "/v1/controllers", token=api.access_token).status == 200


def test_clients_are_managed_from_the_command_line(server) -> None:
    common = ("--owner", EMAIL, "--name", "An app", "--dialect", "netatmo")
    app = run_json(server.data, "client", "add", *common, "--redirect-uri", REDIRECT)
    rotated = run_json(server.data, "client", "rotate", app["client_id"])
    run(server.data, "client", "approve", app["client_id"], "access_camera")
    listed = {row["id"]: row for row in run_json(server.data, "client", "list")}
    run(server.data, "client", "remove", app["client_id"])
    again = run(server.data, "client", "remove", app["client_id"], check=False)

    assert rotated["client_secret"] != app["client_secret"]
    row = listed[app["client_id"]]
    assert (row["dialect"], row["redirect_uris"]) == ("netatmo", [REDIRECT])
    assert row["approved"] == ["access_camera"]
    assert app["client_secret"] not in str(listed)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "not found" in again.stderr


def test_no_secret_is_written_anywhere(server) -> None:
    """Whatever was asked, answered or refused here: neither the log, nor the metrics, nor any file but
    the key's own holds a credential as it is."""
    secrets = [PASSWORD]
    for dialect in ("standard", "netatmo", "mclimate"):
        app = register(server, dialect)
        path = "/v1/token" if dialect == "mclimate" else "/oauth2/token"
        url = f"{server.url}/oauth2/authorize?response_type=code&redirect_uri={REDIRECT}"
        code = parse_qs(urlsplit(allow(server, f"{url}&client_id={app['client_id']}")).query)["code"][0]
        exchange = {**app, "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        pair = server.request("POST", path, exchange).json
        renewal = {**app, "grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        renewed = server.request("POST", path, renewal).json
        for _ in range(2):
            server.request("POST", path, exchange)
        server.request("GET", f"/v1/controllers?access_token={pair['access_token']}")
        server.request("GET", "/v1/controllers", token=pair["refresh_token"])
        server.request("POST", path, b"{broken " + pair["refresh_token"].encode())
        secrets += [app["client_secret"], code, pair["access_token"], pair["refresh_token"]]
        secrets += [renewed["access_token"]]

    metrics = server.request("GET", "/metrics").body
    files = [file for file in server.data.rglob("*") if file.is_file() and file.parent.name != "keys"]
    written = [server.log_file.read_bytes(), metrics, *(file.read_bytes() for file in files)]

    assert len(files) >= 2
    for secret in secrets:
        for part in {secret, secret.rpartition("_")[2], secret.rpartition("|")[2]}:
            assert not any(part.encode() in text for text in written)
