"""Opening what is kept encrypted."""

from __future__ import annotations

import secrets

from ownclimate.authorization import KEY_FILE
from ownclimate.cli.session import Session
from ownclimate.oauth.encryption import Cipher, load_key


def vault_of(session: Session) -> Cipher:
    """Under the data folder's key, which is made where there is none."""
    return Cipher(load_key(session.data / KEY_FILE, secrets.token_bytes), secrets.token_bytes)
