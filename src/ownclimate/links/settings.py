"""What can be said of a connected source, checked before it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput
from ownclimate.core.linking import CHIRPSTACK, KINDS, MQTT, THINGS_STACK
from ownclimate.links.addresses import check_base_url
from ownclimate.links.devices.settings import link_settings
from ownclimate.links.mqtt import broker_address

API_KEY: Final = "api_key"
PASSWORD: Final = "password"  # noqa: S105 - a name, not a secret

DEFAULT_PORT: Final = 1
LAST_PORT: Final = 223
"""LoRaWAN 1.0.4 §4.3.2: ports above belong to the protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A broker, for every kind that may have one. The password is kept apart."""

    broker: str = ""
    user: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkServer:
    """A LoRaWAN network server.

    `base_url` is its API's, `broker` its MQTT server's: either is enough to answer devices, only the
    second hears them without a webhook. `application` is the id there; ChirpStack's may be left open.
    `webhook` is set where the server itself told its name. `f_port` and `confirmed` are how commands are
    sent. `topic_prefix` stands before ChirpStack's topics where it was set up so.
    """

    base_url: str = ""
    broker: str = ""
    user: str = ""
    ca_file: str = ""
    application: str = ""
    tenant: str = ""
    webhook: str = ""
    f_port: int = DEFAULT_PORT
    confirmed: bool = False
    topic_prefix: str = ""


def network_server(settings: Mapping[str, Any]) -> NetworkServer:
    return from_body(NetworkServer, dict(settings))


def connection(settings: Mapping[str, Any]) -> Connection:
    known = {name: settings[name] for name in ("broker", "user", "ca_file") if name in settings}
    return from_body(Connection, known)


def checked(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a source of that kind as they are written down.

    Raises InvalidInput naming the one that cannot be.
    """
    if kind == MQTT:
        _check_connection(connection(settings))
        link_settings(settings)
        return dict(settings)
    if kind not in (THINGS_STACK, CHIRPSTACK):
        raise InvalidInput("kind", f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    server = network_server(settings)
    if not server.base_url and not server.broker:
        raise InvalidInput("base_url", "give the server's --base-url, its --broker, or both")
    if server.base_url:
        check_base_url(server.base_url)
    if server.broker:
        _check_connection(connection(settings))
    if kind == THINGS_STACK and not server.application:
        raise InvalidInput("application", "name the application, as the console shows its ID")
    for name in ("application", "tenant"):
        _check_topic_part(name, getattr(server, name))
    if any(sign in server.topic_prefix for sign in "+#"):
        raise InvalidInput("topic_prefix", "expected a topic without wildcards")
    if not 1 <= server.f_port <= LAST_PORT:
        raise InvalidInput("f_port", f"expected a number from 1 to {LAST_PORT}")
    return to_body(server)


def secrets_needed(kind: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the secrets that such a source has, in the order in which they are asked for."""
    if kind == THINGS_STACK:
        return (API_KEY,)  # It is the password at the broker as well.
    server = network_server(settings) if kind == CHIRPSTACK else None
    needed = (API_KEY,) if server is not None and server.base_url else ()
    return (*needed, PASSWORD) if settings.get("user") else needed


def _check_connection(found: Connection) -> None:
    _, _, is_tls = broker_address(found.broker)
    if found.ca_file and not is_tls:
        raise InvalidInput("ca_file", "certificates are only looked at with mqtts://")
    if found.ca_file and not Path(found.ca_file).is_file():
        raise InvalidInput("ca_file", f"there is no file {found.ca_file}")


def _check_topic_part(name: str, text: str) -> None:
    if any(sign in text for sign in "+#/@ ") or not text.isprintable():
        raise InvalidInput(name, "expected an id, without spaces, slashes and wildcards")
