"""How Netatmo gives out tokens: scopes, shapes, lifetimes, answers and errors.

Source: Netatmo's documents on authentication and scopes; recorded answers where they say otherwise:
`expire_in` beside `expires_in`, `scope` as an array, 400 and not 401 for a wrong client, and since
2024-05-29 both old tokens dead with every refresh.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.oauth.dialects import (
    NO_STORE,
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
from ownclimate.oauth.errors import MissingParameter, OAuthError
from ownclimate.oauth.vocabulary import TOO_MANY_REQUESTS, GrantType

NAME: Final = "netatmo"
ACCESS_LIFE_S: Final = 10_800
CODE_LIFE_S: Final = 600
REFRESH_LIFE_S: Final = 365 * 86_400
"""Without use. No end has been published or seen, but what is never used again must go some day."""
DEFAULT_SCOPE: Final = "read_station"
TOO_MANY_CONNECTIONS: Final = "too_many_connections"

_READ = frozenset({Permission.SITE_READ, Permission.DEVICE_READ})
_WRITE = frozenset({Permission.DEVICE_CONTROL})

_READS: Final = {
    "read_station": "see your weather stations and everything they measured",
    "read_thermostat": "see your thermostats, valves and their schedules",
    "read_camera": "see your indoor cameras, the people they know and what they noticed",
    "read_presence": "see your outdoor cameras and what they noticed",
    "read_smokedetector": "see your smoke alarms and when they went off",
    "read_homecoach": "see your air quality monitors and everything they measured",
    "read_doorbell": "see your video doorbells and who rang",
    "read_camerapro": "see your Indoor Camera Advance and what it noticed",
    "read_carbonmonoxidedetector": "see your carbon monoxide alarms and when they went off",
    "read_magellan": "see your Legrand and BTicino switches, sockets and meters",
    "read_bubendorff": "see your Bubendorff shutters",
    "read_smarther": "see your Smarther thermostats and their schedules",
    "read_mx": "see your Classe 300 EOS door entry",
    "read_mhs1": "see your MyHome Server 1 and what is wired to it",
    "read_bfi": "see your BTicino IP door entry",
    "read_june": "see your June accessory",
}
_WRITES: Final = {
    "write_thermostat": "set your thermostats and valves and change their schedules",
    "write_camera": "tell your indoor cameras who is at home and who is away",
    "write_presence": "switch the floodlight and the monitoring of your outdoor cameras",
    "write_doorbell": "control your video doorbells",
    "write_camerapro": "control your Indoor Camera Advance",
    "write_magellan": "switch your Legrand and BTicino switches and sockets",
    "write_bubendorff": "move your Bubendorff shutters",
    "write_smarther": "set your Smarther thermostats and change their schedules",
    "write_mx": "control your Classe 300 EOS door entry, doors included",
    "write_mhs1": "control what is wired to your MyHome Server 1",
    "write_bfi": "control your BTicino IP door entry, doors included",
    "write_june": "control your June accessory",
}
_VIDEO: Final = {
    "access_camera": "watch videos and the live picture of your indoor cameras",
    "access_presence": "watch videos and the live picture of your outdoor cameras",
    "access_doorbell": "watch videos and the live picture of your video doorbells",
    "access_camerapro": "watch videos and the live picture of your Indoor Camera Advance",
}


def _scopes() -> dict[str, Scope]:
    """The whole list but `all_scopes`, which the vendor keeps to its own apps."""
    reads = (Scope(name=name, words=words, permissions=_READ) for name, words in _READS.items())
    writes = (Scope(name=name, words=words, permissions=_WRITE) for name, words in _WRITES.items())
    video = (
        Scope(name=name, words=words, permissions=_READ, needs_approval=True)
        for name, words in _VIDEO.items()
    )
    return {scope.name: scope for scope in (*reads, *writes, *video)}


class TokenAnswer(msgspec.Struct, kw_only=True):
    access_token: str
    refresh_token: str
    scope: list[str]
    expires_in: int
    expire_in: int
    token_type: str = "Bearer"  # noqa: S105 - a type


class TokenFault(msgspec.Struct, kw_only=True, omit_defaults=True):
    error: str
    error_description: str = ""


def _answer(issued: Issued, door: Door) -> TokenReply:
    body = full_answer(issued) | {
        # Several clients read the vendor's older spelling instead.
        "expire_in": issued.expires_in_s,
        "scope": list(issued.scopes),
    }
    return TokenReply(status=200, body=body, headers=NO_STORE)


def _fault(error: OAuthError, door: Door) -> TokenReply:
    """Everything is a 400, a wrong client included; only too much is a 403."""
    status, body = 400, error_members(error)
    if error.error == TOO_MANY_REQUESTS:
        status, body = 403, {"error": TOO_MANY_CONNECTIONS}
    elif isinstance(error, MissingParameter):
        body["error_description"] = _missing(error.name)
    return TokenReply(status=status, body=body, headers=NO_STORE)


def _missing(name: str) -> str:
    if name in ("username", "password"):
        return 'Missing parameters, "username" and "password" are required'
    return f'Missing parameters, "{name}" is required'


_TOKEN = re.compile(r"[0-9a-f]{24}\|([0-9a-f]{8})[0-9a-f]{24}")
_CODE = re.compile(r"([0-9a-f]{8})[0-9a-f]{24}")
_LOCATOR_DIGITS = 8
_SECRET_BYTES = 12
"""What 32 hex digits leave beside the locator: 96 random bits."""


def _token(seed: Seed) -> str:
    return f"{seed.account_id}|{_code(seed)}"


def _code(seed: Seed) -> str:
    return seed.locator[1:] + seed.entropy(_SECRET_BYTES).hex()


def _locate(text: str) -> str | None:
    match = _TOKEN.fullmatch(text) or _CODE.fullmatch(text)
    return None if match is None else f"n{match[1]}"


NETATMO_TOKENS: Final[TokenDialect] = TokenDialect(
    name=NAME,
    title="Netatmo Connect",
    scopes=_scopes(),
    default_scopes=(DEFAULT_SCOPE,),
    grant_types=frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN, GrantType.PASSWORD}),
    lifetimes=Lifetimes(code_s=CODE_LIFE_S, access_s=ACCESS_LIFE_S, refresh_s=REFRESH_LIFE_S),
    rotation=Rotation.BOTH,
    texts=TokenTexts(
        locator=lambda grant_id: f"n{grant_id[:_LOCATOR_DIGITS]}",
        access=_token,
        refresh=_token,
        code=_code,
        locate=_locate,
    ),
    new_client_id=hex_of(12),
    new_client_secret=hex_of(20),
    answer=_answer,
    fault=_fault,
    answer_shape=TokenAnswer,
    fault_shape=TokenFault,
    keeps_secrets=True,  # Webhooks are signed with the client's secret.
    response_type_is_optional=True,
    exchange_compares_scope=True,
    repeats_scope=True,
)
