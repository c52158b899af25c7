"""Every request has an id: the client's own when it is a sane one, else one of ours.

Ours are eight random hex digits of the process and eight that count: unique is all they need to be,
and a call for random bytes a request cost 20 µs where the kernel is slow to give them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from ownclimate.core.ids import Entropy

_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RequestIds:
    """Gives ids to the requests of one process."""

    def __init__(self, entropy: Entropy) -> None:
        self._prefix = entropy(4).hex()
        self._count = itertools.count(1)

    def of(self, headers: Mapping[bytes, bytes]) -> str:
        """Safe to write to a log and to send back, whatever the client sent."""
        given = headers.get(b"x-request-id")
        if given is not None and _SANE.fullmatch(given):
            return given.decode()
        return f"{self._prefix}{next(self._count):08x}"
