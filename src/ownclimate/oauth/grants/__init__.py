"""Grants: what a person gave a client, and the ways in which clients come by tokens for it.

`grant` is the thing itself with its use cases (give, list, revoke). Every other module is one grant
type of RFC 6749, and contains only what is its own: reading the request, authenticating the client and
writing the answer are `oauth.token_request`'s.
"""

from __future__ import annotations

from ownclimate.oauth.grants.grant import (
    Grant,
    GrantTerms,
    StoredGrant,
    Way,
    find_grant,
    give,
    list_grants,
    revoke_grant,
    revoke_grants_of_client,
)

__all__ = [
    "Grant",
    "GrantTerms",
    "StoredGrant",
    "Way",
    "find_grant",
    "give",
    "list_grants",
    "revoke_grant",
    "revoke_grants_of_client",
]
