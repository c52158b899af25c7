"""How MClimate gives out tokens: `/v1/token`, `/v1/auth/login`, `/v1/auth/renew`.

Answers keep the vendor's `auth` envelope and carry the same members at top level, so that the vendor's
own clients, readers of its document and stock OAuth libraries all find them.
Source: MClimate's developer documents; requests and fixtures of its published libraries.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.ids import Entropy
from ownclimate.oauth.dialects import (
    NO_STORE,
    BuiltInClient,
    Door,
    Issued,
    Lifetimes,
    Rotation,
    Scope,
    Seed,
    TokenDialect,
    TokenReply,
    TokenTexts,
    error_members,
    full_answer,
    hex_of,
)
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.vocabulary import (
    INVALID_REQUEST,
    TOO_MANY_REQUESTS,
    UNSUPPORTED_GRANT_TYPE,
    GrantType,
)
from ownclimate.vendors.mclimate.wire import Link

NAME: Final = "mclimate"
DEFAULT_CLIENT: Final = "mclimate"
ACCESS_LIFE_S: Final = 86_400
REFRESH_LIFE_S: Final = 30 * 86_400
CODE_LIFE_S: Final = 60

BASIC: Final = "basic"
TRUSTED: Final = "trusted"

_BAD_REQUESTS = frozenset({INVALID_REQUEST, UNSUPPORTED_GRANT_TYPE})
"""400; every other refusal of these paths is a 401."""

_SCOPES = (
    Scope(name=BASIC, words="use the basic functions", is_level=True),
    Scope(name=TRUSTED, words="use the functions for trusted apps", is_level=True, within=BASIC),
    Scope(
        name="devices",
        words="see your homes, your devices and everything they measured",
        permissions=frozenset({Permission.SITE_READ, Permission.DEVICE_READ}),
        is_optional=True,
        within=BASIC,
    ),
    Scope(
        name="profile",
        words="see your name, e-mail address and country",
        permissions=frozenset({Permission.ACCOUNT_READ}),
        is_optional=True,
        within=BASIC,
    ),
    Scope(
        name="activity", words="see who did what with your devices, and when", is_optional=True, within=BASIC
    ),
    Scope(
        name="control",
        words="control your devices: set temperatures and modes, switch them on and off",
        permissions=frozenset({Permission.DEVICE_CONTROL}),
        is_optional=True,
        within=TRUSTED,
    ),
    Scope(
        name="schedules",
        words="see and change your schedules, and so set your devices at certain times",
        permissions=frozenset({Permission.DEVICE_CONTROL}),
        is_optional=True,
        within=BASIC,
    ),
)
"""The document knows two levels and speaks of access to several parts; the parts' names are ours.

Basic clients may make schedules, says the document: that is why the part is within that level. Rows that
command a device at once ask for `control` by name.
"""


class Auth(msgspec.Struct, kw_only=True):
    access_token: str
    expires_in: int
    token_type: str
    scope: str | None = None
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET


class AuthAnswer(msgspec.Struct, kw_only=True, rename={"links": "_links"}):
    auth: Auth
    links: dict[str, Link]
    access_token: str
    expires_in: int
    token_type: str
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET


class AuthError(msgspec.Struct, kw_only=True, omit_defaults=True):
    error: str
    error_description: str = ""


class AuthFault(msgspec.Struct, kw_only=True, rename={"links": "_links"}):
    auth: AuthError
    links: dict[str, Link]


def _answer(issued: Issued, door: Door) -> TokenReply:
    members = full_answer(issued)
    # Scopes are not spoken of in the vendor's answers.
    body = {"auth": members | {"scope": None}, **members, "_links": _links(door)}
    return TokenReply(status=200, body=body, headers=NO_STORE)


def _fault(error: OAuthError, door: Door) -> TokenReply:
    status = 400 if error.error in _BAD_REQUESTS else 429 if error.error == TOO_MANY_REQUESTS else 401
    body = {"auth": error_members(error), "_links": _links(door)}
    return TokenReply(status=status, body=body, headers=NO_STORE)


def _links(door: Door) -> dict[str, Any]:
    return {"self": {"href": door.path}}


_TEXT = re.compile(r"([0-9a-f]{8})[0-9a-f]{32}")
_LOCATOR_DIGITS = 8
_SECRET_BYTES = 16
_ID_DIGITS = 13


def _text(seed: Seed) -> str:
    return seed.locator[1:] + seed.entropy(_SECRET_BYTES).hex()


def _locate(text: str) -> str | None:
    match = _TEXT.fullmatch(text)
    return None if match is None else f"m{match[1]}"


def _client_id(entropy: Entropy) -> str:
    return entropy(7).hex()[:_ID_DIGITS]


MCLIMATE_TOKENS: Final[TokenDialect] = TokenDialect(
    name=NAME,
    title="MClimate",
    scopes={scope.name: scope for scope in _SCOPES},
    default_scopes=None,
    grant_types=frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN, GrantType.PASSWORD}),
    lifetimes=Lifetimes(code_s=CODE_LIFE_S, access_s=ACCESS_LIFE_S, refresh_s=REFRESH_LIFE_S),
    rotation=Rotation.KEEPS,
    texts=TokenTexts(
        locator=lambda grant_id: f"m{grant_id[:_LOCATOR_DIGITS]}",
        access=_text,
        refresh=_text,
        code=_text,
        locate=_locate,
    ),
    new_client_id=_client_id,
    # Longer than the vendor's 13 digits, which could be guessed from a stolen hash; nobody counts them.
    new_client_secret=hex_of(20),
    answer=_answer,
    fault=_fault,
    answer_shape=AuthAnswer,
    fault_shape=AuthFault,
    doors=(
        Door(path="/v1/token", operation_id="getToken", summary="Exchange a code for tokens"),
        Door(
            path="/v1/auth/login",
            operation_id="login",
            grant_type=GrantType.PASSWORD,
            summary="Sign in with e-mail and password",
        ),
        Door(
            path="/v1/auth/renew",
            operation_id="renew",
            grant_type=GrantType.REFRESH_TOKEN,
            summary="A new access token; the refresh token stays",
        ),
    ),
    built_in=(
        BuiltInClient(
            id=DEFAULT_CLIENT,
            secret="mclimate_core",  # noqa: S106 - published in the vendor's own libraries
            name="MClimate app",
            description="The client that MClimate's phone app and published libraries carry",
        ),
    ),
    response_type_is_optional=True,
    may_name_any_redirect=True,
)
