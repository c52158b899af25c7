"""The authorization code grant: a code that a browser brought becomes tokens (RFC 6749 §4.1.3, RFC 7636).

A code is spent by the first request of its own, authenticated client that presents it, whether or not
redirect URI and verifier are right: whoever guesses gets one try. A second use shows that somebody has
the code who should not, so it ends whatever the first use gave (RFC 6749 §4.1.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict
from ownclimate.core.ports import Change, Check, Delete, Document, Put
from ownclimate.core.writes import EDIT_ATTEMPTS, write_surely
from ownclimate.oauth.dialects import Issued
from ownclimate.oauth.digests import digest_of
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.grants.grant import CODES, GRANTS, USED, find_grant
from ownclimate.oauth.minting import Order, mint, prunable
from ownclimate.oauth.token_rows import USED_KEPT_MS, Code, Used
from ownclimate.oauth.tokens import locate, revoke_family
from ownclimate.oauth.vocabulary import INVALID_GRANT, INVALID_REQUEST

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer
    from ownclimate.oauth.token_request import TokenRequest

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 §4.1."""


async def issue(server: AuthorizationServer, request: TokenRequest) -> Issued:
    text = request.get("code")
    refused = OAuthError(INVALID_GRANT, "The code is wrong, was used or has expired")
    partition = locate(server.dialects, text)
    if partition is None:
        raise refused
    directory = server.ports.directory
    key = digest_of(text)
    for attempt in range(EDIT_ATTEMPTS):
        document = await directory.find(partition, CODES, key)
        if document is None:
            await _end_what_it_gave(server, partition, key, request)
            raise refused
        code = from_body(Code, document.body)
        if code.client_id != request.client.id:
            raise refused  # Unspent: it is its own client's to use.
        _check_scope(code, request)
        stored = await find_grant(directory, partition, code.grant_id)
        if (
            stored is None
            or stored.grant.birth != code.birth
            or code.expires_ms <= server.ports.clock.now_ms()
            or not _is_bound(code, request)
        ):
            await _spend(server, partition, document)
            raise refused
        minted = await mint(
            server,
            Order(stored=stored, dialect=request.dialect, scopes=code.scopes, issuer=request.issuer),
        )
        used = Used(
            grant_id=code.grant_id,
            birth=code.birth,
            client_id=code.client_id,
            family=minted.family,
            expires_ms=server.ports.clock.now_ms() + USED_KEPT_MS,
        )
        changes: list[Change] = [
            Put(table=USED, key=key, body=to_body(used)),
            Delete(table=CODES, key=key, expect=document.version),
            *minted.changes,
            Check(table=GRANTS, key=code.grant_id, expect=stored.version),
        ]
        changes += await prunable(server, partition, changes)
        try:
            await write_surely(server.ports, partition, changes, of="tokens for a code")
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return minted.issued
    raise refused


def _check_scope(code: Code, request: TokenRequest) -> None:
    asked = request.scope_names()
    if asked is not None and request.dialect.exchange_compares_scope and asked != frozenset(code.scopes):
        raise OAuthError(INVALID_REQUEST, "Scope is not identical as the one granted by the user")


def _is_bound(code: Code, request: TokenRequest) -> bool:
    """Whether redirect URI and PKCE verifier are those of the request that made the code."""
    redirect_uri = request.find("redirect_uri")
    if redirect_uri is None:
        if code.redirect_uri_was_sent:
            return False
    elif redirect_uri != code.redirect_uri:
        return False
    verifier = request.find("code_verifier")
    if not code.challenge:
        # A verifier without a challenge: somebody took the challenge away (RFC 9700 §4.8.2).
        return verifier is None
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(challenge, code.challenge)


async def _spend(server: AuthorizationServer, partition: str, document: Document) -> None:
    delete = Delete(table=CODES, key=document.key, expect=document.version)
    try:
        await write_surely(server.ports, partition, [delete], of="code")
    except Conflict:
        pass  # Another request spent it first.


async def _end_what_it_gave(
    server: AuthorizationServer, partition: str, key: str, request: TokenRequest
) -> None:
    document = await server.ports.directory.find(partition, USED, key)
    if document is None:
        return
    used = from_body(Used, document.body)
    if used.client_id == request.client.id:
        await revoke_family(server, partition, used.grant_id, used.family)
