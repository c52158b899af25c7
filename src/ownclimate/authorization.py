"""The authorization server of this installation: vendors' dialects, the key file and settings, joined."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable
from pathlib import Path

from ownclimate.config import KEYS, Settings
from ownclimate.core.ports import Ports
from ownclimate.core.things import Account
from ownclimate.oauth.encryption import Cipher, load_key
from ownclimate.oauth.endpoints import token_rows
from ownclimate.oauth.server import AuthorizationServer, authorization_server
from ownclimate.oauth.sessions import check_password
from ownclimate.oauth.throttle import SignInThrottle
from ownclimate.oauth.token_limits import TokenLimits
from ownclimate.vendors.mclimate.tokens import DEFAULT_CLIENT, MCLIMATE_TOKENS
from ownclimate.vendors.netatmo.tokens import NETATMO_TOKENS
from ownclimate.vendors.smartbuildings.tokens import SMARTBUILDINGS_TOKENS
from ownclimate.web.tables import Dialect

KEY_FILE = Path(KEYS) / "secret.key"
"""Below the data folder, outside the store and outside backups."""
TOKEN_DIALECTS = (MCLIMATE_TOKENS, NETATMO_TOKENS, SMARTBUILDINGS_TOKENS)


def open_authorization(
    ports: Ports, data: Path, settings: Settings, sign_ins: SignInThrottle | None = None
) -> AuthorizationServer:
    """The server over the ports; its key file is made where there is none.

    `sign_ins` is shared with the sign-in page, so that passwords are guessed no faster by one way than
    by both. Raises InvalidInput for a key file that is none.
    """
    throttle = sign_ins or SignInThrottle.over(ports.clock)

    async def sign_in(email: str, password: str, address: str) -> Account:
        return await check_password(ports, throttle, email=email, password=password, address=address)

    return authorization_server(
        ports,
        dialects=TOKEN_DIALECTS,
        cipher=Cipher(load_key(data / KEY_FILE, secrets.token_bytes), secrets.token_bytes),
        sign_in=sign_in,
        limits=TokenLimits.per_minute(
            ports.clock,
            by_client=settings.token_requests_per_client,
            by_address=settings.token_requests_per_address,
        ),
        without_built_in=frozenset() if settings.mclimate_default_client else frozenset({DEFAULT_CLIENT}),
        refresh_grace_s=settings.refresh_grace_s,
        secret_overlap_s=settings.client_secret_overlap_h * 3600,
        signing_key_days=settings.signing_key_days,
    )


def with_token_doors(server: AuthorizationServer, faces: Iterable[Dialect]) -> tuple[Dialect, ...]:
    """The faces, each with its own token endpoints in its table."""
    return _with_doors(server, faces)


def documented_token_doors(faces: Iterable[Dialect]) -> tuple[Dialect, ...]:
    """The same for documents, without a server behind the rows."""
    return _with_doors(None, faces)


def _with_doors(server: AuthorizationServer | None, faces: Iterable[Dialect]) -> tuple[Dialect, ...]:
    by_name = {dialect.name: dialect for dialect in TOKEN_DIALECTS}
    return tuple(
        dataclasses.replace(face, endpoints=(*face.endpoints, *token_rows(server, by_name[face.name])))
        if face.name in by_name
        else face
        for face in faces
    )
