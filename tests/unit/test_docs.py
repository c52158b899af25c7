"""The pages say what the code does, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ownclimate import config
from ownclimate.cli import COMMANDS, run

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
HIDDEN = {"docs"}


def test_the_configuration_page_is_the_codes() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert page == config.documentation(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - HIDDEN))
def test_every_command_explains_itself(command, capsys) -> None:
    code = run([command, "--help"])

    assert code == 0
    first = capsys.readouterr().out.split("\n\n")[1].strip()
    assert len(first) > 20
