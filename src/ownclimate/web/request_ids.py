"""Every request has an id: the client's own when it is a sane one, else a random one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ownclimate.core.ids import Entropy

_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def request_id_of(headers: Mapping[bytes, bytes], entropy: Entropy) -> str:
    """Safe to write to a log and to send back, whatever the client sent."""
    given = headers.get(b"x-request-id")
    if given is not None and _SANE.fullmatch(given):
        return given.decode()
    return entropy(8).hex()
