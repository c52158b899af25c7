"""One request as a handler sees it, and what a handler may give back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ownclimate.core.access import Access, Permission
from ownclimate.core.errors import Forbidden
from ownclimate.core.ports import Ports
from ownclimate.core.writes import Actor

if TYPE_CHECKING:
    from ownclimate.web.tables import Endpoint

Pairs = list[tuple[str, str]]
"""Names and values of a query or form, decoded, in the order in which they came."""


class Call:
    """One request: who asks, by which row of the table, with what around it.

    `query` is the raw query text. `extra` are the parameters that the row does not declare, for rows
    that collect them, `more` those of a JSON body. `body` is filled for rows that take it as raw bytes.
    `path` is the target's path as it was asked for, still percent-encoded. `address` is where the request
    came from, empty when the server cannot tell. `limit_headers` tell the client how it stands with its
    limits.
    """

    __slots__ = (
        "_access",
        "_headers",
        "_public_url",
        "_scheme",
        "address",
        "body",
        "endpoint",
        "extra",
        "limit_headers",
        "more",
        "path",
        "ports",
        "query",
        "request_id",
        "started",
    )

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        ports: Ports,
        headers: Mapping[bytes, bytes],
        path: str,
        query: str,
        request_id: str,
        public_url: str,
        scheme: str,
        address: str = "",
    ) -> None:
        self.endpoint = endpoint
        self.ports = ports
        self.path = path
        self.query = query
        self.request_id = request_id
        self.address = address
        self.limit_headers: tuple[tuple[str, str], ...] = ()
        self.started = time.perf_counter()
        self.extra: Pairs = []
        self.more: dict[str, Any] = {}
        self.body = b""
        self._access: Access | None = None
        self._headers = headers
        self._public_url = public_url
        self._scheme = scheme

    @property
    def access(self) -> Access:
        """What the credential allows; rows that are public have none and must not ask."""
        if self._access is None:
            raise RuntimeError(f"{self.endpoint.operation_id} is public and has no access")
        return self._access

    @access.setter
    def access(self, access: Access) -> None:
        self._access = access

    @property
    def client_id(self) -> str:
        """Under which client the request counts; empty before its credential was checked."""
        return "" if self._access is None else self._access.client_id

    @property
    def actor(self) -> Actor:
        """Who is to stand in the audit for what this request changes."""
        access = self.access
        return Actor(account_id=access.account_id or "", client_id=access.client_id, via=access.via)

    @property
    def public_url(self) -> str:
        """The address under which clients know this server, without a slash at its end."""
        return self._public_url or f"{self._scheme}://{self.header('host') or 'localhost'}"

    def header(self, name: str) -> str:
        """The header's value, empty when absent. `name` in lower case."""
        return self._headers.get(name.encode("latin-1"), b"").decode("latin-1")

    def elapsed_s(self) -> float:
        return time.perf_counter() - self.started

    def require(self, permission: Permission, scope: str = "") -> None:
        """Demands what only the parameters could tell to be needed. Raises Forbidden."""
        self.access.require(permission)
        scopes = self.access.scopes
        if scope and scopes is not None and scope not in scopes:
            raise Forbidden(f"the scope {scope} was not granted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A result that is not simply the row's first success variant with nothing added."""

    body: Any = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())


Result = Any
"""A struct (or anything msgspec can write) for the first success variant, bytes for a variant whose
content is not JSON, None for an empty body, or an `Answer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes out."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
