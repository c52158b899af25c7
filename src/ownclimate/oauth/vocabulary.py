"""The protocol's own words: grant types, error names, parameters (RFC 6749, 7009, 7636, 9207)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class GrantType(StrEnum):
    """How a client comes by a token (RFC 6749 §1.3)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a grant type, not a secret
    CLIENT_CREDENTIALS = "client_credentials"
    PASSWORD = "password"  # noqa: S105 - a grant type, not a secret


INVALID_REQUEST: Final = "invalid_request"
INVALID_CLIENT: Final = "invalid_client"
INVALID_GRANT: Final = "invalid_grant"
INVALID_SCOPE: Final = "invalid_scope"
INVALID_TARGET: Final = "invalid_target"
"""The audience is not one of ours (RFC 8707 §2)."""
UNAUTHORIZED_CLIENT: Final = "unauthorized_client"
UNSUPPORTED_GRANT_TYPE: Final = "unsupported_grant_type"
UNSUPPORTED_RESPONSE_TYPE: Final = "unsupported_response_type"
ACCESS_DENIED: Final = "access_denied"
REDIRECT_URI_MISMATCH: Final = "redirect_uri_mismatch"
"""No RFC has this one; pages show it when they must not redirect."""

SERVER_ERROR: Final = "server_error"
TEMPORARILY_UNAVAILABLE: Final = "temporarily_unavailable"
TOO_MANY_REQUESTS: Final = "too_many_requests"
"""Not in the RFCs either; dialects have names of their own for it."""

CODE: Final = "code"
S256: Final = "S256"
BEARER: Final = "Bearer"
