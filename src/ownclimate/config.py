"""Every setting: name, default, unit, help. One flat, frozen value, checked completely at start.

A setting comes from the environment (`OWNCLIMATE_` and the name in capitals), else from
`DATA/ownclimate.toml`, else from its default. 0 switches a limit off. `docs/configuration.md` and
`ownclimate config print` are made from this list.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ownclimate.core.errors import InvalidInput

PREFIX = "OWNCLIMATE_"
FILE = "ownclimate.toml"
KEYS = "keys"
"""The folder in the data folder that backups leave out."""
DATA_VARIABLE = "OWNCLIMATE_DATA"


def _setting(default: Any, help: str, *, unit: str = "", low: float | None = None, choices: str = "") -> Any:
    metadata = {"help": help, "unit": unit, "low": low, "choices": tuple(choices.split())}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can set. Fields are the names in the file."""

    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 for every interface")
    port: int = _setting(8080, "port to listen on", low=0)
    tls_port: int = _setting(
        0, "port to listen on with TLS besides, with the certificate of `ownclimate certificate`", low=0
    )
    tls_certificate: str = _setting("", "file of another certificate chain, PEM; empty: one's own")
    tls_key: str = _setting("", "file of that certificate's key, PEM")
    public_url: str = _setting("", "address under which others reach this server; empty: from host and port")
    operator_contact: str = _setting("", "e-mail or page named in error answers, so that users can report")

    log_level: str = _setting("info", "least severe entries to log", choices="debug info warning error")
    log_format: str = _setting("auto", "auto: console on a terminal, else json", choices="auto console json")
    metrics: bool = _setting(True, "serve /metrics")

    store_map_gib: int = _setting(
        1024, "size of the sparse store map; the most the store can grow to", unit="GiB", low=1
    )
    store_reserve_mib: int = _setting(
        256, "free disk space below which data is refused (503); deletion may use it", unit="MiB", low=0
    )
    store_head_rows: int = _setting(256, "rows of a device kept singly before they are sealed", low=1)
    store_block_rows: int = _setting(16_000, "rows of a merged block", low=16)
    store_check: bool = _setting(True, "look for damage before serving")
    payload_memory_days: int = _setting(
        60, "how long a repeated payload is recognised as a repetition", unit="days", low=1
    )
    raw_keep_days: int = _setting(
        0, "how long payloads are kept as they came; 0: for ever", unit="days", low=0
    )

    body_limit_mib: int = _setting(16, "largest request body", unit="MiB", low=1)
    shutdown_grace_s: int = _setting(
        20, "how long running requests may take after a stop was asked for", unit="s", low=0
    )
    mclimate_total_mode: str = _setting(
        "page", "whether `total` counts this answer's items or all", choices="page all"
    )
    smartbuildings_wrap_expiry: bool = _setting(
        False, "put the envelope around the answer to an expired token, for generated clients"
    )

    demo_broker: str = _setting(
        "auto",
        "MQTT broker of the demo's devices: auto starts Mosquitto, off has none, or mqtt://host[:port] of "
        "one that lets anybody in",
    )
    clock_start: str = _setting(
        "", "for trials only: the instant (RFC 3339) at which this process's clock starts; empty: now"
    )
    clock_speed: int = _setting(1, "for trials only: how many times as fast as time the clock runs", low=1)

    smartbuildings_limits_move: bool = _setting(
        False, "let an alert limit that comes too close to its opposite move that one, instead of failing"
    )

    registration_open: bool = _setting(True, "let anybody who reaches this server make an account")
    session_idle_days: int = _setting(
        14, "how long a browser stays signed in without being used", unit="days", low=1
    )
    session_days: int = _setting(90, "how long a browser stays signed in at all", unit="days", low=1)
    sign_in_per_account: int = _setting(
        10, "attempts to sign in to one account before waiting, and how many a minute come back", low=0
    )
    sign_in_per_address: int = _setting(
        60, "attempts to sign in from one address before waiting; half as many a minute come back", low=0
    )
    registrations_per_address: int = _setting(
        20, "accounts that may be made from one address in an hour", low=0
    )

    mclimate_requests_per_token: int = _setting(
        60, "requests a minute of one person through one client, at MClimate's interface", low=0
    )
    mclimate_requests_per_client: int = _setting(
        600, "requests a minute of one client for all its users, at MClimate's interface", low=0
    )
    mclimate_minute_s: int = _setting(
        60, "for trials: how long the minute of MClimate's limits takes", unit="s", low=1
    )
    netatmo_requests_per_user_10s: int = _setting(
        50, "requests of one user of an app in any 10 seconds, at Netatmo's interface", low=0
    )
    netatmo_requests_per_user_hour: int = _setting(500, "the same in any hour", low=0)
    netatmo_requests_per_app_10s: int = _setting(
        200, "requests of an app for all its users in any 10 seconds, at Netatmo's interface", low=0
    )
    netatmo_requests_per_app_hour: int = _setting(2000, "the same in any hour", low=0)
    netatmo_burst_s: int = _setting(
        10, "for trials: how long the 10 seconds of Netatmo's limits take", unit="s", low=1
    )
    netatmo_hour_s: int = _setting(
        3600, "for trials: how long the hour of Netatmo's limits takes", unit="s", low=1
    )
    netatmo_limit_is_403: bool = _setting(
        False, "answer too many requests with 403, as Netatmo did until 2025, and not with 429"
    )
    smartbuildings_requests_per_client: int = _setting(
        600, "requests a minute of one client, at SmartBuildings' interface", low=0
    )
    commands_per_token: int = _setting(
        30, "commands a minute of one person through one client; they count nowhere else", low=0
    )
    commands_per_client: int = _setting(300, "commands a minute of one client for all its users", low=0)
    token_requests_per_client: int = _setting(
        120, "token requests of one client before waiting, and how many a minute come back", low=0
    )
    token_requests_per_address: int = _setting(
        240, "token requests from one address before waiting, and how many a minute come back", low=0
    )
    door_requests_per_key: int = _setting(0, "calls a minute with one device key; 0: no limit", low=0)

    webhook_ports: str = _setting(
        "80 88 443 9443", "ports at which apps may have webhooks, with spaces between them; empty: any"
    )
    webhook_private_addresses: bool = _setting(
        False, "let apps have webhooks in private networks and on this machine"
    )
    picture_limit_kib: int = _setting(2048, "largest picture that a camera may send", unit="KiB", low=1)

    mclimate_default_client: bool = _setting(
        True, "let MClimate's published libraries sign in with the client they carry"
    )
    refresh_grace_s: int = _setting(
        60, "how long a replaced refresh token still gets the answer that may have been lost", unit="s", low=0
    )
    client_secret_overlap_h: int = _setting(
        24, "how long a rotated client secret stays good beside the new one", unit="h", low=0
    )
    signing_key_days: int = _setting(
        90, "age at which a key that signs tokens is replaced; 0: never", unit="days", low=0
    )

    ENVIRONMENT: ClassVar[str] = PREFIX

    @property
    def base_url(self) -> str:
        """The public address, without a slash at its end."""
        return self.public_url.rstrip("/") or self.local_url

    @property
    def local_url(self) -> str:
        """The address under which this machine itself reaches the server."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 - compared only
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def default_data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where data lies unless told otherwise: the XDG data folder."""
    if environment.get(DATA_VARIABLE):
        return Path(environment[DATA_VARIABLE])
    base = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "ownclimate"


def load(data: Path, environment: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """The settings of a data folder. Raises InvalidInput naming the key that is wrong."""
    file = data / FILE
    found: dict[str, Any] = {}
    if file.is_file():
        try:
            found = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(str(file), f"not readable as TOML: {error}") from error
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    for name in found:
        if name not in fields:
            raise InvalidInput(name, f"unknown setting in {file}; `ownclimate config print` lists all")
    for name in fields:
        text = environment.get(PREFIX + name.upper())
        if text is not None:
            found[name] = text
    found.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**{name: _checked(fields[name], value) for name, value in found.items()})


def _checked(field: dataclasses.Field[Any], value: Any) -> Any:
    kind = type(field.default)
    if isinstance(value, str) and kind is not str:
        value = _parsed(field.name, kind, value)
    if type(value) is not kind:
        raise InvalidInput(field.name, f"expected {kind.__name__}, found {value!r}")
    low, choices = field.metadata["low"], field.metadata["choices"]
    if low is not None and value < low:
        raise InvalidInput(field.name, f"expected at least {low:g}, found {value}")
    if choices and value not in choices:
        raise InvalidInput(field.name, f"expected one of {', '.join(choices)}, found {value!r}")
    return value


def _parsed(name: str, kind: type, text: str) -> Any:
    if kind is bool:
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if text.lower() not in words:
            raise InvalidInput(name, f"expected true or false, found {text!r}")
        return words[text.lower()]
    try:
        return int(text)
    except ValueError as error:
        raise InvalidInput(name, f"expected a whole number, found {text!r}") from error


def printed(settings: Settings) -> str:
    """The settings as the complete, commented content of a settings file."""
    lines = []
    for field in dataclasses.fields(Settings):
        value = getattr(settings, field.name)
        unit = f" [{field.metadata['unit']}]" if field.metadata["unit"] else ""
        choices = f" ({', '.join(field.metadata['choices'])})" if field.metadata["choices"] else ""
        lines += [
            f"# {field.metadata['help']}{unit}{choices}; default {_toml(field.default)}",
            f"{field.name} = {_toml(value)}",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def documentation() -> str:
    """The page docs/configuration.md."""
    rows = [
        f"| `{f.name}` | `{_toml(f.default)}` | {f.metadata['unit']} | {f.metadata['help']} |"
        for f in dataclasses.fields(Settings)
    ]
    head = [
        "# Configuration",
        "",
        "Made by `make docs` from `src/ownclimate/config.py`.",
        "",
        f"A setting comes from the environment (`{PREFIX}PORT=8081`), else from `{FILE}` in the",
        "data folder, else it is the default. 0 switches a limit off.",
        "",
        "| setting | default | unit | meaning |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A TOML basic string escapes as JSON does.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
