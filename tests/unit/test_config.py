"""Settings are checked completely and the error names the key."""

from __future__ import annotations

import pytest

from ownclimate import config
from ownclimate.core.errors import InvalidInput


def test_environment_beats_file_beats_default(tmp_path) -> None:
    (tmp_path / "ownclimate.toml").write_text('port = 9000\nhost = "0.0.0.0"\n')

    settings = config.load(tmp_path, {"OWNCLIMATE_PORT": "9001"})

    assert settings.port == 9001
    assert settings.host == "0.0.0.0"
    assert settings.log_level == "info"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("portt = 1", "portt"),
        ('port = "high"', "port"),
        ("port = -1", "port"),
        ("port = true", "port"),
        ('log_level = "loud"', "log_level"),
        ("port = ", "ownclimate.toml"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, text, key) -> None:
    (tmp_path / "ownclimate.toml").write_text(text)

    with pytest.raises(InvalidInput) as error:
        config.load(tmp_path, {})

    assert key in error.value.message


def test_what_is_printed_is_a_settings_file(tmp_path) -> None:
    odd = 'Zoë "the \\ operator"'
    environment = {
        "OWNCLIMATE_PORT": "9001",
        "OWNCLIMATE_METRICS": "no",
        "OWNCLIMATE_OPERATOR_CONTACT": odd,
    }
    settings = config.load(tmp_path, environment)
    (tmp_path / "ownclimate.toml").write_text(config.printed(settings), encoding="utf-8")

    assert settings.operator_contact == odd
    assert config.load(tmp_path, {}) == settings


def test_base_url_names_an_address_one_can_go_to() -> None:
    assert config.Settings(host="0.0.0.0", port=1).base_url == "http://127.0.0.1:1"
    assert config.Settings(host="::1", port=1).base_url == "http://[::1]:1"
    assert config.Settings(public_url="https://climate.example/").base_url == "https://climate.example"
