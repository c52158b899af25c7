"""docs/mqtt.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from ownclimate.core.orders import FIELDS
from ownclimate.core.things import Ability
from ownclimate.links.devices import native
from ownclimate.links.devices.said import Outcome
from ownclimate.links.devices.settings import PROFILES
from ownclimate.links.devices.states import SETTINGS

PAGE = (Path(__file__).parents[4] / "docs" / "mqtt.md").read_text(encoding="utf-8")


def test_every_topic_outcome_and_profile_is_explained() -> None:
    for kind in (*native.HEARD, native.COMMAND, native.QUERY):
        assert re.search(rf"^\| `{kind}` \|", PAGE, re.MULTILINE), kind
    for outcome in Outcome:
        assert f"`{outcome.value}`" in PAGE
    for profile in PROFILES:
        assert f"\n## {profile}\n" in PAGE


def test_every_order_is_listed_with_its_fields() -> None:
    for order, fields in FIELDS.items():
        row = re.search(rf"^\| `{order}` \|(.*)\|$", PAGE, re.MULTILINE)
        assert row is not None, order
        assert all(f"`{field}`" in row[1] for field in fields), order


def test_every_setting_of_a_state_and_every_ability_is_listed() -> None:
    for word in (*SETTINGS, *(ability.value for ability in Ability)):
        assert f"`{word}`" in PAGE, word
