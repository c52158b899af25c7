"""How SmartBuildings gives out tokens: `POST /token`, client credentials, RS256 JWTs.

Source: ecobee's SmartBuildings API guide and OpenAPI document 1.7.0; the token's header and first claim
as seen in clients, the other claims as its issuer (an Auth0 tenant) writes them for this grant.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.oauth.dialects import (
    NO_STORE,
    Claims,
    Door,
    Issued,
    Lifetimes,
    Rotation,
    Scope,
    Seed,
    TokenDialect,
    TokenReply,
    TokenTexts,
    full_answer,
    hex_of,
)
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.vocabulary import INVALID_CLIENT, INVALID_REQUEST, TOO_MANY_REQUESTS, GrantType
from ownclimate.vendors.smartbuildings.vocabulary import WRITE_TENANT_MODE

NAME: Final = "smartbuildings"
AUDIENCE: Final = "https://api.sb.ecobee.com"
COMPANY_CLAIM: Final = "https://api.sb.ecobee.com/smartbuildings-company-id"
ACCESS_LIFE_S: Final = 7200

_SITES = frozenset({Permission.SITE_READ})
_DEVICES = frozenset({Permission.SITE_READ, Permission.DEVICE_READ})
_CONTROL = frozenset({Permission.DEVICE_CONTROL})

_SCOPES = (
    Scope(name="create:building", words="add buildings", permissions=_CONTROL),
    Scope(name="create:thermostat", words="register thermostats", permissions=_CONTROL),
    Scope(name="delete:building", words="delete buildings", permissions=_CONTROL),
    Scope(name="delete:thermostat", words="unregister thermostats", permissions=_CONTROL),
    Scope(name="read:building", words="see a building and its thermostats", permissions=_SITES),
    Scope(name="read:buildings", words="list your buildings", permissions=_SITES),
    Scope(
        name="read:thermostat",
        words="see a thermostat, its sensors, alerts and weather",
        permissions=_DEVICES,
    ),
    Scope(name="read:thermostats", words="list your thermostats", permissions=_DEVICES),
    Scope(name="write:building", words="change buildings", permissions=_CONTROL),
    Scope(name=WRITE_TENANT_MODE, words="switch tenant mode of thermostats", permissions=_CONTROL),
    Scope(
        name="write:thermostat",
        words="control thermostats: modes, holds and alert settings",
        permissions=_CONTROL,
    ),
)


class TokenAnswer(msgspec.Struct, kw_only=True):
    access_token: str
    scope: str
    expires_in: int
    token_type: str


class TokenFault(msgspec.Struct, kw_only=True):
    error: str
    error_description: str


def _answer(issued: Issued, door: Door) -> TokenReply:
    body = full_answer(issued) | {"scope": " ".join(sorted(issued.scopes))}
    return TokenReply(status=200, body=body, headers=NO_STORE)


def _fault(error: OAuthError, door: Door) -> TokenReply:
    """400 names what is missing, 401 is a wrong client, 403 a client that may not; more is not told."""
    if error.error == INVALID_REQUEST:
        status, body = 400, {"error": INVALID_REQUEST, "error_description": error.description}
    elif error.error == TOO_MANY_REQUESTS:
        status, body = 429, {"error": TOO_MANY_REQUESTS, "error_description": "Too Many Requests"}
    else:
        status = 401 if error.error == INVALID_CLIENT else 403
        body = {"error": "access_denied", "error_description": "Unauthorized"}
    return TokenReply(status=status, body=body, headers=NO_STORE)


_RANDOM_BYTES = 8
_LAST_CLAIM = re.compile(rb'"jti":"([0-9a-f]{24})[0-9a-f]{16}"\}$')
_TAIL = 80
"""Digits of base64 that surely hold the last claim: 49 bytes need 66, and the cut is at a multiple of 4."""


def _jti(seed: Seed) -> str:
    return seed.locator + seed.entropy(_RANDOM_BYTES).hex()


def _locate(text: str) -> str | None:
    """The locator inside the JWT. Nothing it says is believed: the look-up of its hash decides."""
    if not text.startswith("eyJ"):
        return None
    payload = text.partition(".")[2].partition(".")[0]
    # The last claim is enough, and decoding all of them took a third of the whole check.
    tail = payload[max(0, len(payload) - _TAIL) // 4 * 4 :]
    try:
        claims = base64.b64decode(tail + "=" * (-len(tail) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return None
    match = _LAST_CLAIM.search(claims)
    return None if match is None else match[1].decode()


def _claims(claims: Claims) -> dict[str, Any]:
    return {
        COMPANY_CLAIM: claims.owner_id,
        "iss": f"{claims.issuer}/",
        "sub": f"{claims.client_id}@clients",
        "aud": AUDIENCE,
        "iat": claims.issued_s,
        "exp": claims.expires_s,
        "azp": claims.client_id,
        "scope": " ".join(sorted(claims.scopes)),
        "gty": "client-credentials",
        "jti": claims.jti,  # last: `_locate` looks for it there
    }


SMARTBUILDINGS_TOKENS: Final[TokenDialect] = TokenDialect(
    name=NAME,
    title="ecobee SmartBuildings",
    scopes={scope.name: scope for scope in _SCOPES},
    default_scopes=None,
    grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}),
    lifetimes=Lifetimes(code_s=0, access_s=ACCESS_LIFE_S, refresh_s=0),
    rotation=Rotation.KEEPS,
    texts=TokenTexts(locator=lambda grant_id: grant_id, access=_jti, refresh=_jti, code=_jti, locate=_locate),
    new_client_id=hex_of(16),
    new_client_secret=hex_of(32),
    answer=_answer,
    fault=_fault,
    doors=(Door(path="/token", operation_id="getToken", summary="Get a token for a client"),),
    claims=_claims,
    audiences=frozenset({AUDIENCE}),
    required=("grant_type", "audience", "client_id", "client_secret"),
    answer_shape=TokenAnswer,
    fault_shape=TokenFault,
    request_narrows=False,
    takes_basic=False,
)
