"""The command line: verbs on nouns, one module a group, thin over what `app.py` can do.

Output is for people unless `--json`, which prints one JSON value and nothing else. Exit codes: 0
success, 1 failure, 2 partly done (the rest was reported). An error is one line on stderr. Secrets
come in on stdin.
"""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path

import click

from ownclimate import __version__
from ownclimate.cli.plain import plain
from ownclimate.config import DATA_VARIABLE, default_data_folder
from ownclimate.core.errors import AppError

FAILURE = 1
INTERRUPTED = 130

COMMANDS = {
    "backup": "store.backup",
    "certificate": "certificate.certificate",
    "client": "clients.client",
    "command": "commands.command",
    "config": "settings.config_",
    "device": "devices.device",
    "docs": "settings.docs",
    "doctor": "settings.doctor_",
    "export": "exports.export",
    "hook": "keys.hook",
    "import": "imports.import_",
    "lorawan": "lorawan.lorawan",
    "readings": "readings.readings",
    "restore": "store.restore",
    "serve": "serving.serve",
    "source": "sources.source",
    "store": "store.store",
    "sync": "sync.sync",
    "token": "keys.token",
    "user": "accounts.user",
    "webhook": "webhooks.webhook",
}
"""Command → module and name in this package."""


class _CommandTable(click.Group):
    """Loads a command's module when the command is asked for: loading them all takes half a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(".")
        # What loading makes stays, so looking through it for garbage only takes time: an eighth of it.
        gc.disable()
        try:
            command = getattr(importlib.import_module(f"ownclimate.cli.{module}"), name)
        finally:
            gc.enable()
        assert isinstance(command, click.Command), place
        return command


@click.group(
    cls=_CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder that holds everything this server keeps (or {DATA_VARIABLE}). "
    f"Default: {default_data_folder({})}",
)
@click.version_option(__version__, prog_name="ownclimate")
@click.pass_context
def cli(context: click.Context, data: Path | None) -> None:
    """Keeps the data of your climate devices on your own machine and serves it through the vendors'
    own APIs.

    First steps: `ownclimate serve --demo` shows it with simulated devices. For your own:
    `ownclimate user add you@example.org`, then `ownclimate hook add --owner you@example.org` for
    devices that send, or `ownclimate import netatmo FILE --owner you@example.org`.
    """
    from ownclimate.cli.session import Session  # with it comes the store, which --help can do without

    context.obj = Session(data or default_data_folder())


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs one command; returns its exit code."""
    try:
        result = cli.main(_data_first(arguments), prog_name="ownclimate", standalone_mode=False)
    except AppError as error:
        return _fail(error.message)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return FAILURE
    except click.UsageError as error:
        where = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
        return _fail(f"{error.format_message().rstrip('.')}{where}")
    except click.ClickException as error:
        return _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # The reader left (`| head`); the interpreter must not complain about it.
        return FAILURE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}")
    return result if isinstance(result, int) else 0


def _fail(message: str) -> int:
    click.echo(f"ownclimate: {plain(' '.join(message.split()))}", err=True)
    return FAILURE


def _data_first(arguments: list[str]) -> list[str]:
    """`--data DIR` is global, so it may stand anywhere before `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    head, rest = arguments[:end], arguments[end:]
    moved: list[str] = []
    kept: list[str] = []
    position = 0
    while position < len(head):
        if head[position] == "--data" and position + 1 < len(head):
            moved += head[position : position + 2]
            position += 2
            continue
        (moved if head[position].startswith("--data=") else kept).append(head[position])
        position += 1
    return [*moved, *kept, *rest]
