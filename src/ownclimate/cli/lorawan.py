"""`ownclimate lorawan …`: the codecs by hand."""

from __future__ import annotations

import dataclasses

import click

from ownclimate.cli.session import json_option, print_json, print_members, print_rows
from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs import FrameTable, decode, models


@click.group()
def lorawan() -> None:
    """Frames of LoRaWAN devices, read by hand."""


@lorawan.command("decode")
@click.argument("model")
@click.argument("frame", metavar="HEX")
@json_option
def decode_(model: str, frame: str, as_json: bool) -> None:
    """Say what an uplink of MODEL (see `lorawan models`) with the bytes HEX means."""
    codec = FrameTable().named(model)
    decoded = decode(codec.model if codec else model, _bytes_of(frame))
    warnings = [dataclasses.asdict(warning) for warning in decoded.warnings]
    if as_json:
        print_json({"model": codec.model if codec else model, "fields": decoded.fields, "warnings": warnings})
        return
    if decoded.fields:
        print_members(decoded.fields, as_json=False)
    for warning in decoded.warnings:
        where = f"{warning.kind} at byte {warning.offset}"
        click.echo(f"{where}: {warning.rest}" if warning.rest else where, err=True)


@lorawan.command("models")
@json_option
def models_(as_json: bool) -> None:
    """List the models whose frames can be read."""
    print_rows([{"id": model} for model in models()], {"id": "MODEL"}, empty="none", as_json=as_json)


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise InvalidInput(
            "HEX", "expected pairs of hexadecimal digits, such as 8113972562658B4EB0"
        ) from error
