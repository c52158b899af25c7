"""`ownclimate serve`"""

from __future__ import annotations

import click

from ownclimate import serving
from ownclimate.cli.session import Session
from ownclimate.observe import set_up_logs


@click.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 for every interface. Default: 127.0.0.1")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 for a free one. Default: 8080"
)
@click.option("--demo", is_flag=True, help="Make a demo household and simulate its devices live.")
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None, demo: bool) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    `--demo` makes, on first use, an owner with simulated sites, devices and a year of history, writes
    how to get in to DATA/demo.json, and prints calls to try.
    """
    settings = session.settings(host=host, port=port)
    requests = set_up_logs(settings.log_level, settings.log_format)
    serving.run(session.data, settings, requests, with_demo=demo)
