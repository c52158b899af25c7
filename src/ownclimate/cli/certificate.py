"""`ownclimate certificate`: leading apps here that cannot change their base URL."""

from __future__ import annotations

import click

from ownclimate.certificates import make_certificate
from ownclimate.cli.session import Session, json_option, print_json


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
@click.pass_obj
def certificate(session: Session, names: tuple[str, ...], as_json: bool) -> None:
    """Make a certificate for host NAMEs such as api.netatmo.com, signed by an authority of your own.

    `serve` uses it at its TLS port (setting tls_port). The machine that runs the app must trust the
    authority and resolve the names to this server; see docs/guides.
    """
    files = make_certificate(session.data, names)
    if as_json:
        print_json({"authority": str(files.authority), "certificate": str(files.certificate)})
        return
    click.echo(f"made {files.certificate} for {', '.join(names)}")
    click.echo(f"apps have to trust {files.authority}")
