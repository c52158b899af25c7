"""The vendor's two levels of scopes, with the parts of access that are ours, as rows name them."""

from __future__ import annotations

from typing import Final

BASIC: Final = ("basic",)
"""The vendor's smaller scope; a trusted client has it too."""
CONTROL: Final = ("trusted", "control")
SCHEDULES: Final = ("trusted", "schedules")
BASIC_SCHEDULES: Final = ("basic", "schedules")
"""The vendor lets basic clients make schedules and read none."""
