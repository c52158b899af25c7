"""Which addresses may be called: what an app registers must not make this server reach into its own network.

A name is resolved, and every address that it resolves to is checked; the connection then goes to one of
the checked addresses and not to the name, so that a name which resolves otherwise a moment later gains
nothing. Addresses written as numbers are checked alike.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from ownclimate.core.errors import InvalidInput

DEFAULT_PORTS: Final = frozenset({80, 88, 443, 9443})
MAX_URL: Final = 2000
SCHEMES: Final = {"http": 80, "https": 443}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits, which a gateway of the network translates to."""

Lookup = Callable[[str], Awaitable[list[str]]]
"""Every address of a host name; raises OSError when there is none."""


class PortNotAllowed(InvalidInput):
    """A webhook at a port that the operator does not allow."""

    def __init__(self, ports: frozenset[int]) -> None:
        listed = ", ".join(map(str, sorted(ports)))
        super().__init__("url", f"webhooks may be at these ports: {listed}")
        self.ports = ports


async def system_lookup(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """`ports` empty allows every port. `allows_private` also allows addresses of private networks and of
    this machine; link-local ones, where clouds keep their machines' secrets, are never allowed."""

    ports: frozenset[int] = DEFAULT_PORTS
    allows_private: bool = False
    lookup: Lookup = field(default=system_lookup)

    async def checked_url(self, text: str) -> str:
        """The URL as it will be called. Raises InvalidInput naming `url`, PortNotAllowed for its port."""
        url, host, port = parsed(text)
        if self.ports and port not in self.ports:
            raise PortNotAllowed(self.ports)
        try:
            await self.addresses(host)
        except OSError as error:
            raise InvalidInput("url", f"{host} cannot be called: {error}") from error
        return url

    async def addresses(self, host: str) -> list[str]:
        """The addresses of the host, every one of them allowed. Raises OSError when it has none, or one that
        is not."""
        try:
            found = [str(ipaddress.ip_address(host.strip("[]")))]
        except ValueError:
            found = await self.lookup(host)
        if not found:
            raise OSError("it has no address")
        if any(not self.allows(address) for address in found):
            raise OSError("it has an address that may not be called")
        return found

    def allows(self, address: str) -> bool:
        try:
            meant = _meant(ipaddress.ip_address(address))
        except ValueError:
            return False
        if meant.is_multicast or meant.is_unspecified or meant.is_link_local:
            return False
        if meant.is_global:
            return True
        return self.allows_private and (meant.is_private or meant.is_loopback) and not _is_broadcast(meant)


class CheckedResolver(AbstractResolver):
    """Hands the connector checked addresses, which it connects to without asking anybody again."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._policy.addresses(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""


def parsed(text: str) -> tuple[str, str, int]:
    """The URL without its fragment, its host and its port. Raises InvalidInput naming `url`."""
    url = text.strip()
    if not url or len(url) > MAX_URL or not url.isprintable() or any(c.isspace() for c in url):
        raise InvalidInput("url", f"expected an address of at most {MAX_URL} characters without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("url", "cannot be read as an address") from error
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in SCHEMES or not host or "@" in parts.netloc or "\\" in parts.netloc:
        raise InvalidInput("url", "expected http:// or https:// and a host, without a name or password")
    bare = urlunsplit((scheme, parts.netloc, parts.path or "/", parts.query, ""))
    return bare, host, port or SCHEMES[scheme]


def _meant(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that is reached in the end: the IPv4 one where it only stands inside another."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address if inner is None else inner


def _is_broadcast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address == ipaddress.IPv4Address("255.255.255.255")
