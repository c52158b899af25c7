"""RFC 8414: what a client finds out instead of being told. What it promises must hold."""

from __future__ import annotations

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.contract.oauth.world import ISSUER

PATH = "/.well-known/oauth-authorization-server"


async def test_authlibs_validation_finds_nothing(world) -> None:
    document = (await world.http.get(PATH)).json

    # Authlib insists on https, which a server on the owner's own network may not have.
    secure = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in document.items()
    }
    AuthorizationServerMetadata(secure).validate()


async def test_the_issuer_is_the_address_that_was_asked(world) -> None:
    document = (await world.http.get(PATH)).json

    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{ISSUER}/oauth2/token"


async def test_every_endpoint_it_names_is_there(world) -> None:
    document = (await world.http.get(PATH)).json

    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        path = document[name].removeprefix(ISSUER)
        assert (await world.http.request("GET", path)).status == 405, name


async def test_only_s256_and_no_password_grant_are_advertised(world) -> None:
    document = (await world.http.get(PATH)).json

    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "password" not in document["grant_types_supported"]
    assert document["response_types_supported"] == ["code"]


async def test_browsers_of_any_origin_may_read_it(world) -> None:
    answer = await world.http.get(PATH, origin="https://app.example")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
