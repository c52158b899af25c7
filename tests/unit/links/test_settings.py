"""What can be said of a source is checked before it is written down."""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.links.settings import checked, network_server, secrets_needed

TTS = {"base_url": "https://eu1.example.org", "application": "home"}


def test_what_is_at_its_default_is_not_written() -> None:
    assert checked("things-stack", {**TTS, "f_port": 1, "confirmed": False}) == TTS
    assert network_server(TTS).f_port == 1


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("things-stack", {"application": "home"}, "base_url"),
        ("things-stack", {"base_url": "https://x"}, "application"),
        ("things-stack", {**TTS, "base_url": "ftp://x"}, "base_url"),
        ("things-stack", {**TTS, "base_url": "https://u:p@x"}, "base_url"),
        ("things-stack", {**TTS, "base_url": "https://["}, "base_url"),
        ("things-stack", {**TTS, "base_url": "https://x\r\ny"}, "base_url"),
        ("things-stack", {**TTS, "base_url": "https://x\\@y"}, "base_url"),
        ("things-stack", {**TTS, "base_url": "https://x y"}, "base_url"),
        ("things-stack", {**TTS, "application": "a/b"}, "application"),
        ("things-stack", {**TTS, "tenant": "#"}, "tenant"),
        ("things-stack", {**TTS, "f_port": 224}, "f_port"),
        ("things-stack", {**TTS, "f_port": 0}, "f_port"),
        ("chirpstack", {"broker": "http://x"}, "broker"),
        ("chirpstack", {"broker": "mqtt://x", "topic_prefix": "+"}, "topic_prefix"),
        ("chirpstack", {"broker": "mqtt://x", "ca_file": "/nowhere"}, "ca_file"),
        ("chirpstack", {"broker": "mqtts://x", "ca_file": "/nowhere"}, "ca_file"),
        ("mqtt", {}, "broker"),
        ("telegraph", {}, "kind"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(
    kind: str, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(kind, settings)

    assert refused.value.field == field


def test_secrets_are_asked_for_in_one_order() -> None:
    assert secrets_needed("things-stack", TTS) == ("api_key",)
    assert secrets_needed("chirpstack", {"base_url": "http://x", "user": "u"}) == ("api_key", "password")
    assert secrets_needed("chirpstack", {"broker": "mqtt://x"}) == ()
    assert secrets_needed("mqtt", {"broker": "mqtt://x", "user": "u"}) == ("password",)
