"""Redirect URIs: what may be registered, what may be asked for, and how an answer is put into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from ownclimate.core.errors import InvalidInput
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.vocabulary import INVALID_REQUEST, REDIRECT_URI_MISMATCH

if TYPE_CHECKING:
    from ownclimate.oauth.clients import Client
    from ownclimate.oauth.dialects import TokenDialect

MAX_URI = 2000
WEB_SCHEMES = ("http", "https")


def checked_redirect_uri(uri: str) -> str:
    """An absolute URI without a fragment (RFC 6749 §3.1.2). Raises InvalidInput.

    http(s) with a host, or an app's own scheme with a dot in it (RFC 8252 §7.1), which keeps
    `javascript:` and its like out.
    """
    problem = _problem(uri)
    if problem:
        raise InvalidInput("redirect_uri", problem)
    return uri


def checked_web_address(field: str, uri: str) -> str:
    """An absolute http(s) address. Raises InvalidInput naming the field."""
    if _problem(uri) or urlsplit(uri).scheme not in WEB_SCHEMES:
        raise InvalidInput(field, "expected an address such as https://example.org/help")
    return uri


def chosen_redirect(client: Client, dialect: TokenDialect, given: str | None) -> str:
    """Where the browser will go. Raises OAuthError, which must be shown and not redirected anywhere.

    A registered URI is compared character by character (RFC 9700 §4.1.3). Where the dialect lets a
    client without any name one, the person sees it in full and the exchange must repeat it.
    """
    if client.redirect_uris:
        if given is not None:
            if given in client.redirect_uris:
                return given
            raise OAuthError(REDIRECT_URI_MISMATCH, "The redirect URI is not registered for this client")
        if client.default_redirect_uri:
            return client.default_redirect_uri
        if len(client.redirect_uris) == 1:
            return client.redirect_uris[0]
        raise OAuthError(INVALID_REQUEST, "The client has several redirect URIs: name one")
    if not dialect.may_name_any_redirect:
        raise OAuthError(REDIRECT_URI_MISMATCH, "The client has no redirect URI registered")
    if given is None:
        raise OAuthError(INVALID_REQUEST, "The client has no redirect URI registered: name one")
    if _problem(given) or urlsplit(given).scheme not in WEB_SCHEMES:
        raise OAuthError(REDIRECT_URI_MISMATCH, "The redirect URI must be an absolute http(s) address")
    return given


def redirect_with(uri: str, members: Mapping[str, str]) -> str:
    """The URI with members added to whatever query it has."""
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{urlencode(members)}"


def _problem(uri: str) -> str:
    if not uri or len(uri) > MAX_URI:
        return f"expected 1 to {MAX_URI} characters"
    if not uri.isascii() or any(ord(c) <= 32 or c in '"<>\\^`{|}' or ord(c) == 127 for c in uri):
        return "contains characters that no URI may have unescaped"
    try:
        parts = urlsplit(uri)
        host, _port, user = parts.hostname, parts.port, parts.username
    except ValueError:
        return "is not a URI"
    if "#" in uri:
        return "must have no fragment"
    if parts.scheme in WEB_SCHEMES:
        return "" if host and user is None and uri.lower().startswith(f"{parts.scheme}://") else "has no host"
    return (
        "" if "." in parts.scheme else "expected http, https or an app's own scheme such as org.example.app"
    )
