"""Whatever is sent to the token endpoints, the answer is one of the protocol's, never a crash."""

from __future__ import annotations

import asyncio
import json
import os
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.store.memory import MemoryDirectory
from tests.contract.oauth.world import FORM, World
from tests.fakes import FakeClock, SeededEntropy

PATHS = (
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/introspect",
    "/v1/token",
    "/v1/auth/login",
    "/v1/auth/renew",
    "/token",
)
NAMES = [
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "username",
    "password",
    "audience",
    "token",
    "token_type_hint",
    "state",
    "x",
]
WORDS = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "mclimate",
    "mclimate_core",
    "anna@example.org",
    "read_station",
    "device.read",
    "https://api.sb.ecobee.com",
    "a:b",
    "%00",
    "\x00",
    "../",
    "ü☃",
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=4,
)
EXAMPLES = 1500 if os.environ.get("TEST_FULL") else 120


def world() -> World:
    clock, entropy = FakeClock(), SeededEntropy(1)
    made = World.over(MemoryDirectory(), clock, entropy)
    asyncio.run(made.person("anna"))
    return made


WORLD = world()


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    path=st.sampled_from(PATHS),
    members=st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=8),
    as_json=st.booleans(),
    authorization=st.sampled_from(["", "Basic bWNsaW1hdGU6bWNsaW1hdGVfY29yZQ==", "Basic Og==", "Basic %"]),
)
def test_any_members_get_an_answer_of_the_protocol(path, members, as_json, authorization) -> None:
    if as_json:
        body = json.dumps(members).encode()
        headers = {"content-type": "application/json", "authorization": authorization}
    else:
        texts = {name: str(value).encode("utf-8", "replace") for name, value in members.items()}
        body = urlencode(texts).encode()
        headers = FORM | {"authorization": authorization}

    answer = asyncio.run(WORLD.http.request("POST", path, body=body, headers=headers))

    assert answer.status in (200, 400, 401, 403)
    if answer.status != 200:
        assert isinstance(answer.json.get("auth", answer.json)["error"], str)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=300),
    media=st.sampled_from(
        ["", "text/html", *FORM.values(), "application/json", "application/x+json;charset=x"]
    ),
)
def test_any_bytes_get_an_answer_of_the_protocol(path, body, media) -> None:
    answer = asyncio.run(WORLD.http.request("POST", path, body=body, headers={"content-type": media}))

    assert answer.status in (400, 401)
    assert isinstance(answer.json.get("auth", answer.json)["error"], str)
