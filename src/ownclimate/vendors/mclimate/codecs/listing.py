"""What a model can be told, as a person, a form or a document wants it listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ownclimate.vendors.mclimate.codecs.commands import Command
from ownclimate.vendors.mclimate.codecs.downlinks import CUSTOM, MOST_BYTES, version
from ownclimate.vendors.mclimate.codecs.models import product_of
from ownclimate.vendors.mclimate.codecs.names import snake
from ownclimate.vendors.mclimate.codecs.parameters import ParameterHelp


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """A command as a list shows it; `since` and `until` are firmware versions, `until` exclusive."""

    name: str
    snake_name: str
    codes: tuple[str, ...]
    parameters: tuple[ParameterHelp, ...]
    aliases: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


def commands_of(model: str) -> tuple[CommandHelp, ...]:
    """Every command of a model with its parameters, as a form or a list shows them.

    Raises Unsupported for a model without a table.
    """
    by_name: dict[str, list[Command]] = {}
    for command in product_of(model).commands:
        by_name.setdefault(command.name, []).append(command)
    custom = ParameterHelp(name="command", kind="hex", unit="bytes", low=1, high=MOST_BYTES)
    return (
        *(_help(name, forms) for name, forms in by_name.items()),
        CommandHelp(name=CUSTOM, snake_name=snake(CUSTOM), codes=(), parameters=(custom,)),
    )


def _help(name: str, forms: Sequence[Command]) -> CommandHelp:
    widest = forms[-1]
    return CommandHelp(
        name=name,
        snake_name=snake(name),
        codes=tuple(f"{form.code:02X}" for form in forms),
        parameters=tuple(parameter.help() for parameter in widest.parameters),
        aliases=tuple(snake(alias.name) for form in forms for alias in form.aliases),
        since=min((form.since for form in forms), key=version),
        until=widest.until,
    )
