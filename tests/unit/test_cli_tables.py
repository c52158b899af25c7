"""Tables show what they are given."""

from __future__ import annotations

import pytest

from ownclimate.cli.session import print_rows


def test_an_address_or_a_name_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": "02:00:00:cd:c3:10", "name": "Hall [red]", "uris": ["https://a", "https://b"], "asked": {}}
    ]
    columns = {"id": "ID", "name": "NAME", "uris": "URIS", "asked": "ASKED"}

    print_rows(rows, columns, empty="none", as_json=False)

    line = capsys.readouterr().out.splitlines()[1].rstrip()
    assert line.split("  ") == ["02:00:00:cd:c3:10", "Hall [red]", "https://a, https://b"]
