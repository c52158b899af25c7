"""`ownclimate config print`, `ownclimate doctor` and the pages made from code."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from ownclimate import config, data_folder, doctor
from ownclimate.cli.session import Session


@click.group("config")
def config_() -> None:
    """Show what can be set, and how it is."""


@config_.command("print")
@click.pass_obj
def print_(session: Session) -> None:
    """Print every setting with its value, default, unit and meaning, as a settings file."""
    settings = session.settings()
    click.echo(f"# Settings in force for {session.data}. Put this into {session.data / config.FILE},")
    click.echo(f"# or set {config.PREFIX}<NAME> in the environment, which counts first.\n")
    click.echo(config.printed(settings), nl=False)


@click.command("doctor")
@click.pass_obj
def doctor_(session: Session) -> int:
    """Look at this machine for what would hurt the store or the server."""
    worst = doctor.Level.OK
    marks = {doctor.Level.OK: "ok  ", doctor.Level.WARNING: "WARN", doctor.Level.FAILURE: "FAIL"}
    damage = data_folder.check_store(session.data, quick=True)
    findings = list(doctor.examine(session.data, session.settings()))
    if not damage and data_folder.has_store(session.data):
        findings += session.run(doctor.examine_sources)
    for finding in findings:
        click.echo(f"{marks[finding.level]}  {finding.topic}: {finding.text}")
        if finding.level is doctor.Level.FAILURE or worst is doctor.Level.OK:
            worst = finding.level
    for line in damage:
        click.echo(f"FAIL  store: {line}")
        worst = doctor.Level.FAILURE
    return 1 if worst is doctor.Level.FAILURE else 0


@click.command("docs", hidden=True)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def docs(folder: Path) -> None:
    """Write the pages that are made from code into FOLDER."""
    from ownclimate import app  # loads every face, which the other commands here do not need

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.md").write_text(config.documentation(), encoding="utf-8")
    for dialect, document in app.openapi_documents().items():
        text = msgspec.json.format(msgspec.json.encode(document), indent=1)
        (folder / f"openapi-{dialect}.json").write_bytes(text + b"\n")
