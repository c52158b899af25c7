"""What a vendor's room tells of its cloud, so that it can be connected, worked and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import Vault
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.sync.book import Book
from ownclimate.sync.collector import Collector
from ownclimate.sync.quota import Allowance
from ownclimate.sync.settings import CloudSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Something that the owner hands in and that is kept encrypted, under `name`.

    `is_hidden`: it is not to be shown while it is typed. `is_optional`: it may be left empty.
    """

    name: str
    label: str
    hint: str = ""
    is_hidden: bool = True
    is_optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a collector is made from. `base_url` is the vendor's own unless the settings name another;
    `limits` likewise, those of a user."""

    ports: Ports
    vault: Vault
    owner_id: OwnerId
    source: Source
    settings: CloudSettings
    secrets: Mapping[str, str] = field(repr=False)
    book: Book
    base_url: str
    limits: tuple[Allowance, ...]


class CodeFlow(Protocol):
    """Connecting an account by signing in at the vendor's, who sends the browser back with a code."""

    def address(self, base_url: str, client_id: str, redirect_uri: str, state: str) -> str:
        """Where the owner's browser is sent, with all scopes that collecting needs."""
        ...

    async def redeem(
        self, base_url: str, client_id: str, client_secret: str, redirect_uri: str, code: str
    ) -> Mapping[str, str]:
        """The credentials to keep beside the app's secret. Raises Refused, or another UpstreamError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudKind:
    """`kind` is that of the sources (`core.linking`). `app_hint` says where an app is made."""

    kind: str
    title: str
    base_url: str
    app_hint: str
    credentials: tuple[Credential, ...]
    """In the order in which they are asked for."""
    limits: tuple[Allowance, ...]
    open: Callable[[Opening], Collector]
    code_flow: CodeFlow | None = None
    keeps_history: bool = True
    """Without one there is nothing that could be missing: what was polled is all there is."""
