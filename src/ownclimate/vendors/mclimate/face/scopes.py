"""The vendor's two levels of scopes, as rows name them."""

from __future__ import annotations

from typing import Final

BASIC: Final = ("basic",)
"""The vendor's smaller scope; a trusted client has it too."""
TRUSTED: Final = ("trusted",)
SCHEDULES: Final = ("trusted", "schedules")
BASIC_SCHEDULES: Final = ("basic", "schedules")
