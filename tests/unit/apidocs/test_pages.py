"""The pages under /docs: a list for programs and people, a reference without scripts, and what is served."""

from __future__ import annotations

import re

import pytest

from ownclimate.apidocs.pages import PREFIX, documentation
from ownclimate.app import dialects
from ownclimate.config import Settings
from ownclimate.web.dispatch import Application, RequestEntry
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports
from tests.fakes.http import Client

FACES = dialects(Settings())


@pytest.fixture
def docs(clock: FakeClock, entropy: SeededEntropy) -> Client:
    entries: list[RequestEntry] = []
    app = Application(
        dialects=(),
        ports=memory_ports(clock, entropy),
        authenticators={},
        mounts={PREFIX: documentation(FACES, plain="smartbuildings")},
        observers=[entries.append],
    )
    return Client(app, entries)


async def test_programs_get_a_list_and_people_a_page(docs: Client) -> None:
    listed = (await docs.get("/docs/")).json["documents"]
    page = await docs.get("/docs/", accept="text/html,*/*")

    assert [entry["name"] for entry in listed] == [dialect.name for dialect in FACES]
    for entry in listed:
        assert f'href="{entry["href"]}"' in page.body.decode()


@pytest.mark.parametrize("dialect", FACES, ids=lambda dialect: dialect.name)
async def test_a_reference_lists_every_row_without_scripts(docs: Client, dialect) -> None:
    page = (await docs.get(f"/docs/{dialect.name}/")).body.decode()

    listed = set(re.findall(r"<dt>Name</dt><dd>(\w+)</dd>", page))
    assert {row.operation_id for row in dialect.endpoints} <= listed


async def test_pages_run_no_inline_script_and_load_nothing_from_elsewhere(docs: Client) -> None:
    for path in ("/docs/", "/docs/mclimate/", "/docs/hal/"):
        page = await docs.get(path, accept="text/html")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "connect-src 'self';" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.body.decode())
        assert not re.search(r"""(?:src|href)="(?:https?:)?//""", page.body.decode())


async def test_every_file_that_a_page_names_is_served(docs: Client) -> None:
    for path in ("/docs/", "/docs/mclimate/", "/docs/hal/"):
        page = (await docs.get(path, accept="text/html")).body.decode()
        for file in re.findall(r'(?:src|href)="(/docs/static/[^"]+)"', page):
            assert (await docs.get(file)).status == 200, file


async def test_smartbuildings_own_address_of_its_document_answers(docs: Client) -> None:
    document = (await docs.get("/docs/openapi.json")).json

    assert document["info"]["version"] == "1.7.0"
    assert "/api/v1/buildingIds" in document["paths"]
    assert (await docs.get("/docs/toaster/")).status == 404
