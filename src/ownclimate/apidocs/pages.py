"""The pages under `/docs`, as one ASGI application to be mounted there."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ownclimate.apidocs.reference import ShownOperation, operations_of
from ownclimate.web.asgi import ASGIApp, Receive, Scope, Send
from ownclimate.web.openapi import document_of
from ownclimate.web.tables import Dialect

PACKAGE = "ownclimate.apidocs"
PREFIX = "/docs"
BUNDLE = "swagger-ui/swagger-ui-bundle.js"
HEADERS = {
    "content-security-policy": (
        # swagger-ui styles its elements in place; scripts come from files of ours only.
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    name: str
    title: str
    version: str

    @property
    def href(self) -> str:
        return f"{PREFIX}/{self.name}/openapi.json"


def documentation(dialects: Sequence[Dialect], *, plain: str = "") -> ASGIApp:
    """The pages of these dialects. `plain` names the one whose document `/docs/openapi.json` leads to."""
    by_name = {dialect.name: dialect for dialect in dialects}
    entries = [DocumentEntry(name=d.name, title=d.title, version=d.version) for d in dialects]
    is_interactive = (_static_folder() / BUNDLE).is_file()

    @functools.cache
    def operations(name: str) -> tuple[ShownOperation, ...]:
        return operations_of(document_of(by_name[name]))

    async def index(request: Request) -> Response:
        """For programs the list as JSON, for people the page."""
        if "text/html" not in request.headers.get("accept", ""):
            listed = [
                {"name": e.name, "title": e.title, "version": e.version, "href": e.href} for e in entries
            ]
            return JSONResponse({"documents": listed})
        return _page("index.html", entries=entries, title="API documents")

    async def dialect_page(request: Request) -> Response:
        dialect = by_name.get(request.path_params["name"])
        if dialect is None:
            return PlainTextResponse("There is no such document\n", status_code=404)
        entry = next(entry for entry in entries if entry.name == dialect.name)
        return _page(
            "dialect.html",
            title=dialect.title,
            entry=entry,
            operations=operations(dialect.name),
            is_interactive=is_interactive,
        )

    async def hal_page(request: Request) -> Response:
        return _page("hal.html", title="HAL browser")

    async def plain_document(request: Request) -> Response:
        return JSONResponse(document_of(by_name[plain]))

    routes = [
        Route(PREFIX, index),
        Route(f"{PREFIX}/", index),
        Route(f"{PREFIX}/hal/", hal_page),
        Mount(f"{PREFIX}/static", StaticFiles(packages=[(PACKAGE, "static")])),
        Route(f"{PREFIX}/{{name}}/", dialect_page),
    ]
    if plain in by_name:
        routes.insert(0, Route(f"{PREFIX}/openapi.json", plain_document))
    return _routed(Starlette(routes=routes))


def _routed(application: Starlette) -> ASGIApp:
    """Names the page in the log, whichever dialect it is of."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = PREFIX
        await application(scope, receive, send)

    return serve


def _page(template: str, **variables: object) -> HTMLResponse:
    return HTMLResponse(_templates().get_template(template).render(**variables), headers=HEADERS)


@functools.cache
def _templates() -> Environment:
    loader = PackageLoader(PACKAGE, "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _static_folder() -> Path:
    return Path(str(resources.files(PACKAGE))) / "static"
