"""Authorization server metadata (RFC 8414): what a client can find out instead of being told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ownclimate.oauth.vocabulary import CODE, S256, GrantType

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

AUTHORIZE_PATH = "/oauth2/authorize"
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
REVOKE_PATH = "/oauth2/revoke"
INTROSPECT_PATH = "/oauth2/introspect"
METADATA_PATH = "/.well-known/oauth-authorization-server"
JWKS_PATH = "/.well-known/jwks.json"

_METHODS = ["client_secret_basic", "client_secret_post"]


def metadata(server: AuthorizationServer, issuer: str) -> dict[str, Any]:
    """The document for clients that know us under `issuer`. It describes the standard dialect."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "introspection_endpoint": issuer + INTROSPECT_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "scopes_supported": list(server.standard.scopes),
        "response_types_supported": [CODE],
        "response_modes_supported": ["query"],
        # The password grant is for single clients only: to advertise it would invite to it.
        "grant_types_supported": sorted(
            grant_type.value
            for grant_type in server.standard.grant_types
            if grant_type is not GrantType.PASSWORD
        ),
        "token_endpoint_auth_methods_supported": [*_METHODS, "none"],
        "revocation_endpoint_auth_methods_supported": [*_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": _METHODS,
        "code_challenge_methods_supported": [S256],
        "authorization_response_iss_parameter_supported": True,
    }
