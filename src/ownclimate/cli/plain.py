"""Texts that somebody else wrote, made harmless for a terminal: names of things, what a cloud answered."""

from __future__ import annotations

import re
from typing import Final

_COMMANDING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, which move the cursor, colour or retitle a terminal; and what turns lines around."""


def plain(text: str) -> str:
    """With what would command the terminal written as Python writes it."""
    return _COMMANDING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
