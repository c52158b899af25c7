"""Tables show what they are given."""

from __future__ import annotations

import pytest

from ownclimate.cli.plain import plain
from ownclimate.cli.session import print_members, print_rows


def test_an_address_or_a_name_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": "02:00:00:cd:c3:10", "name": "Hall [red]", "uris": ["https://a", "https://b"], "asked": {}}
    ]
    columns = {"id": "ID", "name": "NAME", "uris": "URIS", "asked": "ASKED"}

    print_rows(rows, columns, empty="none", as_json=False)

    line = capsys.readouterr().out.splitlines()[1].rstrip()
    assert line.split("  ") == ["02:00:00:cd:c3:10", "Hall [red]", "https://a, https://b"]


@pytest.mark.parametrize("command", ["\x1b[2J", "\x9b2J", "\x1b]0;title\x07", "\r", "\n", "\u202e", "\x08"])
def test_what_somebody_else_wrote_commands_no_terminal(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"name": f"Hall{command}", "said": {"by": f"cloud{command}"}, "all": [f"one{command}"]}

    print_rows([row], {"name": "NAME", "said": "SAID", "all": "ALL"}, empty="none", as_json=False)
    print_members(row, as_json=False)

    lines = capsys.readouterr().out.split("\n")
    assert len(lines) == 6
    assert not any(command in line for line in lines)


@pytest.mark.parametrize("text", ["Küche 50 %", "客厅", "👨‍👩‍👧 room", "a\u00a0b"])
def test_names_in_every_script_are_shown_as_they_are(text: str) -> None:
    assert plain(text) == text
