"""`ownclimate lorawan …`: the codecs by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from ownclimate.cli.session import json_option, print_json, print_members, print_rows
from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs import (
    CommandHelp,
    FrameTable,
    ParameterHelp,
    commands_of,
    decode,
    encode_all,
    is_experimental,
    models,
)


@click.group()
def lorawan() -> None:
    """Frames of LoRaWAN devices, read and written by hand."""


@lorawan.command("decode")
@click.argument("model")
@click.argument("frame", metavar="HEX")
@json_option
def decode_(model: str, frame: str, as_json: bool) -> None:
    """Say what an uplink of MODEL (see `lorawan models`) with the bytes HEX means."""
    model = _model_named(model)
    decoded = decode(model, _bytes_of(frame))
    warnings = [dataclasses.asdict(warning) for warning in decoded.warnings]
    if as_json:
        print_json({"model": model, "fields": decoded.fields, "warnings": warnings})
        return
    if decoded.fields:
        print_members(decoded.fields, as_json=False)
    for warning in decoded.warnings:
        where = f"{warning.kind} at byte {warning.offset}"
        click.echo(f"{where}: {warning.rest}" if warning.rest else where, err=True)


@lorawan.command("encode")
@click.argument("model")
@click.argument("command")
@click.argument("rest", metavar="[NAME=VALUE]... [COMMAND [NAME=VALUE]...]...", nargs=-1)
@click.option("--port", default=1, show_default=True, help="The port to send it to.")
@json_option
def encode_(model: str, command: str, rest: tuple[str, ...], port: int, as_json: bool) -> None:
    """Build the downlink that tells a MODEL a COMMAND, or several in one frame."""
    downlink = encode_all(_model_named(model), _orders((command, *rest)), port=port)
    print_members({"hex": downlink.hex, "port": downlink.port}, as_json=as_json)


@lorawan.command("models")
@click.argument("model", required=False)
@json_option
def models_(model: str | None, as_json: bool) -> None:
    """List the models, or the commands of one MODEL."""
    if model is None:
        rows = [_model_row(name) for name in models()]
        if not as_json:
            rows = [{**row, "commands": len(row["commands"]), "remark": _remark(row)} for row in rows]
        columns = {"id": "MODEL", "commands": "COMMANDS", "remark": ""}
        print_rows(rows, columns, empty="none", as_json=as_json)
        return
    rows = [_command_row(command) for command in commands_of(_model_named(model))]
    if not as_json:
        rows = [{**row, "parameters": ", ".join(map(_told, row["parameters"]))} for row in rows]
    columns = {"id": "COMMAND", "parameters": "PARAMETERS", "since": "FIRMWARE"}
    print_rows(rows, columns, empty="none", as_json=as_json)


def _model_named(name: str) -> str:
    """The model that any of its names means; the name itself when it means none, to be refused by it."""
    codec = FrameTable().named(name)
    return codec.model if codec else name


def _orders(words: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """`SetKeepAlive time=10 GetRegion` as commands with their parameters; values may be JSON."""
    orders: list[tuple[str, dict[str, Any]]] = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            orders.append((word, {}))
        elif not name or not orders:
            raise InvalidInput("NAME=VALUE", f"expected a parameter after a command, got {word!r}")
        else:
            params = orders[-1][1]
            if name in params:
                raise InvalidInput(name, "is given twice")
            params[name] = _value_of(text)
    return orders


def _value_of(text: str) -> Any:
    """JSON objects and lists as such; everything else stays text, which every parameter understands."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidInput("VALUE", f"expected JSON after {text[:1]}: {error}") from error


def _model_row(model: str) -> dict[str, Any]:
    commands = [_command_row(command) for command in commands_of(model)]
    return {"id": model, "is_experimental": is_experimental(model), "commands": commands}


def _remark(row: dict[str, Any]) -> str:
    return "experimental" if row["is_experimental"] else ""


def _command_row(command: CommandHelp) -> dict[str, Any]:
    return {
        "id": command.snake_name,
        "name": command.name,
        "codes": list(command.codes),
        "parameters": list(command.parameters),
        "aliases": list(command.aliases),
        "since": command.since,
        "until": command.until,
    }


def _told(parameter: ParameterHelp) -> str:
    if parameter.words:
        return f"{parameter.name}={'|'.join(parameter.words)}"
    if parameter.kind == "number":
        return f"{parameter.name}={parameter.low:g}…{parameter.high:g} {parameter.unit}".rstrip()
    return f"{parameter.name}=<{parameter.kind}>"


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise InvalidInput(
            "HEX", "expected pairs of hexadecimal digits, such as 8113972562658B4EB0"
        ) from error
