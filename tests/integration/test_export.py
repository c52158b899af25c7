"""What `export` writes, `import` reads back equal: every format, through files, into another store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ownclimate.ingest import exports
from tests.fakes.server import run, run_json

EMAIL = "a@example.org"
FORMATS = ("csv", "ndjson", "parquet")
ROWS = """device,at,temperature_c,humidity_pct,rain_mm
shed,2026-01-01T00:00:00Z,21.437219,,0.101
shed,2026-01-01T00:05:00.123Z,-0.1,55,
attic,2026-01-01T00:00:00Z,1e-3,100,
attic,2026-03-01T12:00:00Z,,,12.322000000000001
"""


def a_store(data: Path) -> Path:
    run(data, "user", "add", EMAIL, stdin="correct horse battery\n")
    for device in ("shed", "attic", "cellar"):
        run(data, "device", "add", "--owner", EMAIL, "--model", "generic_sensor", "--id", device)
    return data


@pytest.fixture
def full(tmp_path: Path) -> Path:
    data = a_store(tmp_path / "full")
    file = tmp_path / "rows.csv"
    file.write_text(ROWS)
    run(data, "import", "csv", str(file), "--owner", EMAIL)
    return data


def readings(data: Path) -> dict:
    return {
        name: json.loads(run(data, "readings", name, "--format", "json").stdout)
        for name in ("shed", "attic", "cellar")
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_it_comes_back_equal_in_another_store(tmp_path: Path, full: Path, format_: str, monkeypatch) -> None:
    monkeypatch.setattr(exports, "WINDOW_ROWS", 1)
    out = tmp_path / f"out.{format_}"

    said = run(full, "export", str(out), "--format", format_).stdout
    empty = a_store(tmp_path / "empty")
    first = run(empty, "import", format_, str(out), "--owner", EMAIL).stdout
    again = run(empty, "import", format_, str(out), "--owner", EMAIL).stdout

    assert said == f"4 rows written to {out}\n"
    assert readings(empty) == readings(full)
    assert first.startswith("4 stored, 0 unchanged")
    assert again.startswith("0 stored, 4 unchanged")


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_it_can_be_piped_and_narrowed(full: Path, format_: str) -> None:
    arguments = ["--format", format_, "--device", "attic", "--from", "2026-02-01"]

    lines = run(full, "export", "-", *arguments).stdout.splitlines()

    rows = lines[1:] if format_ == "csv" else lines
    assert len(rows) == 1
    assert "12.322000000000001" in rows[0]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_existing_file_is_left_alone(tmp_path: Path, full: Path, format_: str) -> None:
    out = tmp_path / "precious"
    out.write_text("mine")

    refused = run(full, "export", str(out), "--format", format_, check=False)

    assert (refused.returncode, out.read_text()) == (1, "mine")
    assert [file.name for file in tmp_path.iterdir() if "partial" in file.name] == []


def test_bad_lines_of_ndjson_are_told_and_the_rest_goes_in(tmp_path: Path) -> None:
    data, file = a_store(tmp_path / "data"), tmp_path / "rows.ndjson"
    good = '{"device":"shed","at":"2026-01-01T00:00:00Z","temperature_c":20}'
    file.write_text(f'{good}\n\nno json\n{{"device":"none","at":1767225600000,"temperature_c":1}}\n[1]\n')

    done = run(data, "import", "ndjson", str(file), "--owner", EMAIL, check=False)

    assert done.returncode == 2
    assert done.stdout == "1 stored, 0 unchanged, 3 bad\n"
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == ["3", "4", "5"]


def test_what_is_no_parquet_is_refused_in_a_line(tmp_path: Path) -> None:
    data, file = a_store(tmp_path / "data"), tmp_path / "rows.parquet"
    file.write_text("PAR0")

    refused = run(data, "import", "parquet", str(file), "--owner", EMAIL, check=False)

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert run_json(data, "device", "list") != []
