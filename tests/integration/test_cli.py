"""What scripts rely on: shapes, exit codes and one-line errors of the commands that need no server."""

from __future__ import annotations

import json

import pytest

from tests.fakes.server import run, run_json

EMAIL = "a@example.org"
KEEPALIVE = "8113972562658B4EB0"


def test_a_frame_is_decoded_by_hand(tmp_path) -> None:
    decoded = run_json(tmp_path, "lorawan", "decode", "vicki", KEEPALIVE)

    assert set(decoded) == {"model", "fields", "warnings"}
    assert (decoded["model"], decoded["warnings"]) == ("vicki", [])
    assert decoded["fields"]["targetTemperature"] == 0x13
    assert list(tmp_path.iterdir()) == [], "decoding needs no data folder"


def test_what_a_frame_has_beyond_its_model_is_a_warning(tmp_path) -> None:
    frame = "1203" + "9902042643" + KEEPALIVE

    decoded = run_json(tmp_path, "lorawan", "decode", "vicki", frame)

    assert decoded["fields"]["keepAliveTime"] == 3
    assert decoded["warnings"] == [{"kind": "unknown_command", "offset": 2, "rest": "9902042643"}]


def test_models_are_listed_with_ids_and_the_experimental_ones_marked(tmp_path) -> None:
    listed = run_json(tmp_path, "lorawan", "models")

    assert "vicki" in [model["id"] for model in listed]
    assert {m["id"] for m in listed if m["is_experimental"]} == {"thermostat", "dsk_device"}


def test_a_models_commands_are_listed_with_their_parameters(tmp_path) -> None:
    listed = {command["id"]: command for command in run_json(tmp_path, "lorawan", "models", "HT-Sensor")}

    (time,) = listed["set_keep_alive"]["parameters"]
    assert (time["name"], time["low"], time["high"], time["unit"]) == ("time", 1, 255, "min")


ENCODED = {
    "one command": (("vicki", "set_target_temperature", "target_temperature=21.5"), "5100D7"),
    "the cloud's name": (("vicki", "SetTargetTemperature", "targetTemperature=22"), "0E16"),
    "several in one frame": (("ht_sensor", "SetKeepAlive", "time=10", "GetDeviceVersion"), "020A04"),
    "raw bytes": (("vicki", "send_custom_hex_command", "command=0412"), "0412"),
    "text for flags and numbers": (
        ("vicki", "set_open_window_precisely", "enabled=true", "duration=30", "delta=1.3"),
        "4501060D",
    ),
    "no parameters": (("16aspm", "get_relay_state"), "B1"),
}


@pytest.mark.parametrize(("command", "frame"), ENCODED.values(), ids=ENCODED.keys())
def test_a_command_is_encoded(tmp_path, command, frame) -> None:
    assert run_json(tmp_path, "lorawan", "encode", *command) == {"hex": frame, "port": 1}
    assert list(tmp_path.iterdir()) == [], "encoding needs no data folder"


REFUSED = {
    "an unknown model": ("lorawan", "decode", "toaster", KEEPALIVE),
    "half a byte": ("lorawan", "decode", "vicki", "811"),
    "a value out of its range": ("lorawan", "encode", "vicki", "set_keep_alive", "time=0"),
    "a command of another model": ("lorawan", "encode", "ht_mini", "set_child_lock", "enabled=true"),
    "a parameter without a name": ("lorawan", "encode", "vicki", "set_keep_alive", "=3"),
    "an instant beyond all calendars": ("readings", "shed", "--from", "9" * 20),
    "an instant that is none": ("readings", "shed", "--to", "noon"),
    "an unknown command": ("fly",),
    "an unknown device": ("device", "show", "shed"),
    "a device id of nothing": ("device", "add", "--owner", EMAIL, "--model", "x", "--id", " "),
    "a taken e-mail": ("user", "add", EMAIL),
}


@pytest.mark.parametrize("command", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_one_line_and_exit_code_1(tmp_path, command) -> None:
    run(tmp_path, "user", "add", EMAIL, stdin="correct horse battery\n")

    refused = run(tmp_path, *command, stdin="correct horse battery\n", check=False)

    assert (refused.returncode, refused.stdout) == (1, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith("ownclimate: ")


def test_lists_are_json_arrays_of_objects_with_ids(tmp_path) -> None:
    for noun in ("user", "token", "hook", "device", "client"):
        assert run_json(tmp_path, noun, "list") == []
    run(tmp_path, "user", "add", EMAIL, stdin="correct horse battery\n")
    run(tmp_path, "token", "add", "--owner", EMAIL, "--name", "t")
    run(tmp_path, "hook", "add", "--owner", EMAIL)
    run(tmp_path, "device", "add", "--owner", EMAIL, "--model", "vicki", "--id", "70B3D52DD3000001")
    for noun in ("user", "token", "hook", "device"):
        (listed,) = run_json(tmp_path, noun, "list")
        assert listed["id"]


def test_every_printed_setting_can_be_put_back_as_a_file(tmp_path) -> None:
    printed = run(tmp_path, "config", "print").stdout
    (tmp_path / "ownclimate.toml").write_text(printed)

    assert run(tmp_path, "config", "print").stdout == printed


def test_a_device_is_found_by_every_alias_wherever_data_stands(tmp_path) -> None:
    run(tmp_path, "user", "add", EMAIL, stdin="correct horse battery\n")
    made = run_json(
        tmp_path, "device", "add", "--owner", EMAIL, "--model", "vicki", "--id", "70B3D52DD3000001"
    )

    for alias in (made["id"], *made["aliases"].values(), "70b3d52dd3000001"):
        assert run_json(tmp_path, "device", "show", alias)["id"] == made["id"]
        written = run(tmp_path, "readings", alias, "--format", "json").stdout
        assert json.loads(written) == []


def test_an_account_is_made_an_administrator_and_none_again(tmp_path) -> None:
    run(tmp_path, "user", "add", EMAIL, stdin="correct horse battery\n")

    run(tmp_path, "user", "admin", EMAIL)
    after = run_json(tmp_path, "user", "list")[0]["admin"]
    run(tmp_path, "user", "admin", EMAIL, "--off")

    assert after is True
    assert run_json(tmp_path, "user", "list")[0]["admin"] is False


def test_an_order_is_given_and_its_fate_can_be_followed(tmp_path) -> None:
    run(tmp_path, "user", "add", EMAIL, stdin="correct horse battery\n")
    device = run_json(tmp_path, "device", "add", "--owner", EMAIL, "--model", "smart_plug", "--id", "P1")

    given = run_json(tmp_path, "command", "send", "P1", "set_relay", "is_on=true")
    refused = run(tmp_path, "command", "send", "P1", "set_relay", "is_on=perhaps", check=False)

    assert (given["state"], given["fields"]) == ("accepted", {"is_on": True})
    assert refused.returncode == 1
    assert run_json(tmp_path, "command", "show", given["id"])["device_id"] == device["id"]
    assert [row["id"] for row in run_json(tmp_path, "command", "list", "P1")] == [given["id"]]
    assert [row["id"] for row in run_json(tmp_path, "command", "list")] == [given["id"]]
