"""Who may see or operate what, in words that belong to no vendor."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ownclimate.core.errors import Forbidden
from ownclimate.core.ids import AccountId, OwnerId, SiteId


class Permission(Enum):
    """Every face maps its vendor's scopes to these; an endpoint names both."""

    SITE_READ = "site.read"
    DEVICE_READ = "device.read"
    DEVICE_CONTROL = "device.control"
    ACCOUNT_READ = "account.read"
    SOURCE_MANAGE = "source.manage"
    INGEST = "ingest"
    """Only device keys carry this, and they carry nothing else."""


ALL_PERMISSIONS = frozenset(Permission) - {Permission.INGEST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one request may do: the result of checking its credential.

    `sites` narrows it to some sites of the owner; None is all of them. `scopes` are the vendor's
    scope names as granted; None means that `permissions` alone decide (personal tokens).
    `client_id` is what rate limits and audit count under.
    """

    owner_id: OwnerId
    account_id: AccountId | None
    client_id: str
    permissions: frozenset[Permission]
    scopes: frozenset[str] | None = None
    sites: frozenset[SiteId] | None = None
    is_personal: bool = False
    """A personal token: made by its owner for itself, a client of its own that nobody else uses."""
    via: str = field(default="")
    """How it came in, for the audit: `token`, `hook`, `cli`, `session`."""

    def require(self, permission: Permission) -> None:
        if permission not in self.permissions:
            raise Forbidden(f"this token does not carry the permission {permission.value}")

    def reaches(self, site_id: SiteId | None) -> bool:
        """Whether things of the site may be seen; things without a site only by unnarrowed grants."""
        return self.sites is None or (site_id is not None and site_id in self.sites)
