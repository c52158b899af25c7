"""The refresh token grant (RFC 6749 §6), with rotation as RFC 9700 §4.14 wants it.

Replacing is one write: the old refresh token goes, what it gave is noted as spent, the new pair comes.
So of many concurrent refreshes with one token exactly one makes a pair. The others, and a client whose
reply was lost, hear the same answer again for a short grace: it is kept encrypted under a key made
from the old token, which only its holder has. A token that comes back later was stolen from somebody:
its whole family ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict
from ownclimate.core.ports import Change, Check, Delete, Put
from ownclimate.core.writes import EDIT_ATTEMPTS, write_surely
from ownclimate.oauth.dialects import Issued, Rotation
from ownclimate.oauth.digests import digest_of
from ownclimate.oauth.encryption import cipher_from
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.grants.grant import GRANTS, TOKENS, USED, find_grant
from ownclimate.oauth.minting import Minted, Order, mint, prunable
from ownclimate.oauth.token_rows import USED_KEPT_MS, TokenKind, Used
from ownclimate.oauth.tokens import Located, find_token, locate, revoke_family
from ownclimate.oauth.vocabulary import INVALID_GRANT, INVALID_SCOPE

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer
    from ownclimate.oauth.token_request import TokenRequest

PURPOSE = b"refresh answer"
ANSWER = "refresh answer"


async def issue(server: AuthorizationServer, request: TokenRequest) -> Issued:
    text = request.get("refresh_token")
    for attempt in range(EDIT_ATTEMPTS):
        located = await find_token(server, text)
        if located is None:
            return await _again(server, request, text)
        if not _is_good(server, request, located):
            raise _refused()
        minted = await mint(server, _order(request, located))
        changes = _changes(server, request, text, located, minted)
        partition = located.stored.partition
        changes += await prunable(server, partition, changes)
        try:
            await write_surely(server.ports, partition, changes, of="refreshed tokens")
        except Conflict:
            # Another request replaced it, or the grant changed: look again.
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return minted.issued
    raise _refused()


def _refused() -> OAuthError:
    return OAuthError(INVALID_GRANT, "The refresh token is wrong, was used, revoked or has expired")


def _is_good(server: AuthorizationServer, request: TokenRequest, located: Located) -> bool:
    return (
        located.token.kind is TokenKind.REFRESH
        and located.stored.grant.client_id == request.client.id
        and not located.token.is_expired(server.ports.clock.now_ms())
    )


def _order(request: TokenRequest, located: Located) -> Order:
    token, dialect = located.token, request.dialect
    narrowed = None
    asked = request.scope_names() if dialect.refresh_narrows else None
    if asked is not None:
        if not asked <= frozenset(token.scopes):
            raise OAuthError(INVALID_SCOPE, "A refresh cannot ask for more than was granted")
        narrowed = tuple(scope for scope in token.scopes if scope in asked)
    return Order(
        stored=located.stored,
        dialect=dialect,
        scopes=token.scopes,
        issuer=request.issuer,
        access_scopes=narrowed,
        family=token.family,
        previous=located.key,
        gives_refresh=dialect.rotation is not Rotation.KEEPS,
    )


def _changes(
    server: AuthorizationServer, request: TokenRequest, text: str, located: Located, minted: Minted
) -> list[Change]:
    token, grant = located.token, located.stored.grant
    unchanged = Check(table=GRANTS, key=grant.id, expect=located.stored.version)
    rotation = request.dialect.rotation
    if rotation is Rotation.KEEPS:
        alive = Check(table=TOKENS, key=located.key, expect=located.version)
        return [*minted.changes, alive, unchanged]
    now_ms = server.ports.clock.now_ms()
    used = Used(
        grant_id=grant.id,
        birth=grant.birth,
        client_id=grant.client_id,
        family=token.family,
        answer=_sealed(server, text, minted.issued) if server.refresh_grace_s else b"",
        grace_ms=now_ms + server.refresh_grace_s * 1000,
        expires_ms=now_ms + USED_KEPT_MS,
    )
    changes: list[Change] = [
        Put(table=USED, key=located.key, body=to_body(used)),
        Delete(table=TOKENS, key=located.key, expect=located.version),
        *minted.changes,
        unchanged,
    ]
    if rotation is Rotation.BOTH and token.partner:
        changes.append(Delete(table=TOKENS, key=token.partner))
    if token.previous:
        # Its successor has been used, so the answer that named it arrived: nobody needs it again.
        without_answer = Used(
            grant_id=grant.id,
            birth=grant.birth,
            client_id=grant.client_id,
            family=token.family,
            grace_ms=token.created_ms + server.refresh_grace_s * 1000,
            expires_ms=token.created_ms + USED_KEPT_MS,
        )
        changes.append(Put(table=USED, key=token.previous, body=to_body(without_answer)))
    return changes


async def _again(server: AuthorizationServer, request: TokenRequest, text: str) -> Issued:
    """What a spent refresh token gets: within the grace what it gave, later the end of its family."""
    partition = locate(server.dialects, text)
    if partition is None:
        raise _refused()
    document = await server.ports.directory.find(partition, USED, digest_of(text))
    if document is None:
        raise _refused()
    used = from_body(Used, document.body)
    if used.client_id != request.client.id:
        raise _refused()
    stored = await find_grant(server.ports.directory, partition, used.grant_id)
    if stored is None or stored.grant.birth != used.birth or used.family in stored.grant.revoked:
        raise _refused()
    if server.ports.clock.now_ms() >= used.grace_ms:
        await revoke_family(server, partition, used.grant_id, used.family)
        raise _refused()
    if not used.answer:
        raise _refused()  # The successor is in use already: a straggler, and no harm done yet.
    return _opened(server, text, used.answer)


def _sealed(server: AuthorizationServer, text: str, issued: Issued) -> bytes:
    cipher = cipher_from(text, PURPOSE, server.ports.entropy)
    return cipher.encrypt(msgspec.msgpack.encode(issued), ANSWER)


def _opened(server: AuthorizationServer, text: str, sealed: bytes) -> Issued:
    cipher = cipher_from(text, PURPOSE, server.ports.entropy)
    return msgspec.msgpack.decode(cipher.decrypt(sealed, ANSWER), type=Issued)
