"""Recorded answers and CSV files, through the real command, into every way out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.server import Server, run, run_json

EMAIL = "a@example.org"
STATION = "12:34:56:37:11:ca"
STATION_FILE = "netatmo/pyatmo/archive/weatherstation_data_unreachable_station.json"
MEASURED_S = 1_559_413_171
"""The `time_utc` of that station's dashboard."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    run(folder, "user", "add", EMAIL, stdin="correct horse battery\n")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Iterator[Server]:
    """A server of somebody who has imported the station."""
    folder = tmp_path_factory.mktemp("import") / "data"
    run(folder, "user", "add", EMAIL, stdin="correct horse battery\n")
    run(folder, "import", "netatmo", str(corpus / STATION_FILE), "--owner", EMAIL)
    with Server.start(folder) as running:
        yield running


@pytest.fixture
def token(server: Server) -> str:
    return run_json(server.data, "token", "add", "--owner", EMAIL, "--name", "t")["token"]


def test_every_recorded_file_is_taken_or_kept_and_a_second_time_changes_nothing(data, corpus) -> None:
    files = [str(path) for path in sorted((corpus / "netatmo").rglob("*")) if path.is_file()]

    first = run(data, "import", "netatmo", *files, "--owner", EMAIL)
    devices = run(data, "device", "list", "--json").stdout
    again = run_json(data, "import", "netatmo", *files, "--owner", EMAIL)

    for file in files:
        assert f"{file}: " in first.stdout
    told = {item["file"]: item for item in again}
    assert list(told) == files
    assert "body.user.mail" in told[next(file for file in files if STATION_FILE in file)]["kept_fields"]
    assert {item["devices"]["created"] for item in again} == {0}
    assert "Traceback" not in first.stderr
    assert run(data, "device", "list", "--json").stdout == devices


def test_a_stations_readings_come_back_through_every_way_out(server, token) -> None:
    by_hand = json.loads(run(server.data, "readings", STATION, "--format", "json").stdout)
    entity = server.request("GET", f"/v1/controllers/{STATION}", token=token).json["controller"]
    path = f"/api/getmeasure?device_id={STATION}&scale=max&type=temperature,co2,humidity&optimize=false"
    measured = server.request("GET", path, token=token).json["body"]

    assert by_hand[0]["at"] == "2019-06-01T18:19:31Z"
    assert (by_hand[0]["temperature_c"], by_hand[0]["co2_ppm"]) == (24.6, 749)
    assert entity["type"] == "NAMain"
    assert measured[str(MEASURED_S)] == [24.6, 749, 36]


def test_one_new_reading_changes_exactly_that(server, token) -> None:
    key = run_json(server.data, "hook", "add", "--owner", EMAIL)["key"]
    later_ms = (MEASURED_S + 300) * 1000
    before = server.request("GET", "/v1/controllers", token=token).json

    body = {"readings": [{"device": STATION, "at": later_ms, "temperature_c": 25.1}]}
    assert server.request("POST", "/hooks/readings", body, token=key).status == 200

    after = server.request("GET", "/v1/controllers", token=token).json
    path = f"/api/getmeasure?device_id={STATION}&scale=max&type=temperature&optimize=false"
    measured = server.request("GET", path, token=token).json["body"]

    changed = [
        (old, new)
        for old, new in zip(before["_embedded"]["controller"], after["_embedded"]["controller"], strict=True)
        if old != new
    ]
    ((old, new),) = changed
    assert {name for name in new if new[name] != old[name]} == {"controller_log"}
    assert measured == {str(MEASURED_S): [24.6], str(MEASURED_S + 300): [25.1]}


def test_what_readings_writes_as_csv_import_reads_back_equal(data, tmp_path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "device,at,temperature_c,humidity_pct\n"
        "shed,2026-01-01T00:00:00Z,1.25,\n"
        "shed,2026-01-01T00:10:00.250Z,-0.1,55\n"
    )
    run(data, "device", "add", "--owner", EMAIL, "--model", "generic_sensor", "--id", "shed")
    run(data, "import", "csv", str(source), "--owner", EMAIL)
    written = run(data, "readings", "shed", "--format", "csv").stdout
    other = tmp_path / "other"
    run(other, "user", "add", EMAIL, stdin="correct horse battery\n")
    run(other, "device", "add", "--owner", EMAIL, "--model", "generic_sensor", "--id", "shed")
    (tmp_path / "out.csv").write_text(written)

    run(other, "import", "csv", str(tmp_path / "out.csv"), "--owner", EMAIL)

    expected = [
        {"at": "2026-01-01T00:00:00Z", "temperature_c": 1.25},
        {"at": "2026-01-01T00:10:00.250Z", "temperature_c": -0.1, "humidity_pct": 55},
    ]
    for folder in (data, other):
        assert json.loads(run(folder, "readings", "shed", "--format", "json").stdout) == expected


def test_bad_rows_are_told_by_line_and_the_rest_goes_in(data, tmp_path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "device,at,temperature_c\n"
        "shed,2026-01-01T00:00:00Z,1\n"
        "shed,yesterday,2\n"
        "nobody,2026-01-01T00:10:00Z,3\n"
        'shed,2026-01-01T00:20:00Z,"4,5"\n'
        "shed,2026-01-01T00:30:00Z,5\n"
    )
    run(data, "device", "add", "--owner", EMAIL, "--model", "generic_sensor", "--id", "shed")

    done = run(data, "import", "csv", str(source), "--owner", EMAIL, check=False)

    assert done.returncode == 2
    told = [line.split(":")[1] for line in done.stderr.splitlines()]
    assert told == ["3", "4", "5"]
    assert done.stdout == "2 stored, 0 unchanged, 3 bad\n"
    again = run(data, "import", "csv", str(source), "--owner", EMAIL, check=False)
    assert again.stdout == "0 stored, 2 unchanged, 3 bad\n"


def test_removing_a_device_removes_what_is_its(data, tmp_path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("device,at,temperature_c\nshed,2026-01-01T00:00:00Z,1\n")
    run(data, "device", "add", "--owner", EMAIL, "--model", "generic_sensor", "--id", "shed")
    run(data, "import", "csv", str(source), "--owner", EMAIL)

    run(data, "device", "remove", "shed")

    assert run(data, "readings", "shed", check=False).returncode == 1
    assert run_json(data, "device", "list") == []
    run(data, "device", "add", "--owner", EMAIL, "--model", "generic_sensor", "--id", "shed")
    assert json.loads(run(data, "readings", "shed", "--format", "json").stdout) == []
