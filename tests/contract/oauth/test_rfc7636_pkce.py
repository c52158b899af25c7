"""RFC 7636: a code is worth nothing to whoever took it without the verifier."""

from __future__ import annotations

import pytest

from ownclimate.oauth.errors import RedirectedError
from tests.contract.oauth.world import CHALLENGE, REDIRECT, VERIFIER, challenge_of

S256 = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


async def test_the_rfcs_own_example_passes(world, app, ben) -> None:
    code = await world.code(app, ben, **S256)

    assert (await world.exchange(app, code, code_verifier=VERIFIER)).status == 200


@pytest.mark.parametrize(
    "verifier",
    [None, "x" * 43, VERIFIER + "A", VERIFIER.lower(), CHALLENGE, "short", "x" * 129, "ü" * 43],
    ids=["none", "other", "longer", "lower-case", "the-challenge", "short", "too-long", "not-ascii"],
)
async def test_without_the_verifier_there_is_no_token(world, app, ben, verifier) -> None:
    code = await world.code(app, ben, **S256)

    refused = await world.exchange(app, code, code_verifier=verifier)

    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


async def test_a_wrong_verifier_uses_the_code_up(world, app, ben) -> None:
    code = await world.code(app, ben, **S256)
    await world.exchange(app, code, code_verifier="x" * 43)

    assert (await world.exchange(app, code, code_verifier=VERIFIER)).status == 400


async def test_a_verifier_without_a_challenge_is_refused(world, app, ben) -> None:
    """RFC 9700 §4.8.2: an attacker took the challenge out of the request."""
    code = await world.code(app, ben)

    assert (await world.exchange(app, code, code_verifier=VERIFIER)).status == 400


@pytest.mark.parametrize("length", [43, 128])
async def test_verifiers_of_any_allowed_length_pass(world, app, ben, length) -> None:
    verifier = ("aZ09-._~" * 16)[:length]
    code = await world.code(app, ben, code_challenge=challenge_of(verifier), code_challenge_method="S256")

    assert (await world.exchange(app, code, code_verifier=verifier)).status == 200


@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": VERIFIER},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "S512"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"},
        {"code_challenge_method": "S256"},
    ],
    ids=["method-left-out", "plain", "lower-case", "unknown", "short", "padded", "no-challenge"],
)
async def test_only_s256_is_taken(world, app, parameters) -> None:
    with pytest.raises(RedirectedError) as refused:
        await world.ask(app, **parameters)

    assert refused.value.error == "invalid_request"


async def test_a_public_client_must_send_a_challenge(world, anna) -> None:
    public = await world.app(anna, is_public=True)
    with pytest.raises(RedirectedError) as refused:
        await world.ask(public)

    assert refused.value.error == "invalid_request"


async def test_a_public_client_needs_no_secret_and_has_none(world, anna, ben) -> None:
    public = await world.app(anna, is_public=True)
    code = await world.code(public, ben, **S256)

    assert public.secret is None
    refused = await world.exchange(public, code, client_secret="anything", code_verifier=VERIFIER)
    assert refused.json["error"] == "invalid_client"
    pair = await world.exchange(public, code, code_verifier=VERIFIER)
    assert pair.status == 200
    assert (await world.refresh(public, pair.json["refresh_token"])).status == 200


@pytest.mark.parametrize("dialect", ["netatmo", "mclimate"])
async def test_a_challenge_is_honoured_in_dialects_that_never_heard_of_it(world, anna, ben, dialect) -> None:
    app = await world.app(anna, dialect)

    for verifier, status in ((None, {400, 401}), (VERIFIER, {200})):
        code = await world.code(app, ben, **S256)
        answer = await world.exchange(app, code, code_verifier=verifier, redirect_uri=REDIRECT)
        assert answer.status in status
