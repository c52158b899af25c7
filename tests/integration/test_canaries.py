"""Secrets are searched for in everything that a server writes, after all of them were used everywhere.

One household makes every kind of credential, uses each at doors, faces, token endpoints and pages, also
wrongly, also while the store is failing. Then log, metrics, files, a backup and all answers are searched.
A secret may be in the answers that give it out, and nowhere else in the clear.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import io
import json
import logging
import re
import secrets
import subprocess
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlencode, urlsplit

import pytest
import structlog
import zstandard

from ownclimate import data_folder
from ownclimate.app import build_application
from ownclimate.authorization import open_authorization
from ownclimate.config import Settings
from ownclimate.core.ports import Change, Directory, Document
from ownclimate.observe import Metrics, set_up_logs
from ownclimate.pages import sign_in_throttle
from ownclimate.web.dispatch import Application
from tests.contract.portal.browser import Browser, Shown
from tests.fakes.server import COMMAND, Server, environment, run, run_json

EMAIL = "anna@example.org"
REDIRECT = "https://app.example/back"
READINGS = {"readings": [{"device": "shed", "at": "2026-11-21T09:00:00Z", "temperature_c": 3.5}]}
VISIBLE = "Plainly visible shed"
"""Something that may be seen, and so proves that the search would find what may not."""


class FailingDirectory:
    """The store's directory on a disk that can be made to fail in a way that nobody foresaw."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.is_failing = False

    async def find(self, partition: str, table: str, key: str) -> Document | None:
        self._fail()
        return await self._directory.find(partition, table, key)

    async def scan(self, partition: str, table: str, **more: Any) -> list[Document]:
        self._fail()
        return await self._directory.scan(partition, table, **more)

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        self._fail()
        await self._directory.write(partition, changes, version)

    def _fail(self) -> None:
        if self.is_failing:
            raise RuntimeError("the disk is on fire")


@dataclass
class House:
    """A server whose every word is kept: secrets by name, answers with the secrets that they may hold."""

    browser: Browser
    directory: FailingDirectory
    log: io.StringIO
    metrics: Metrics
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[Shown, frozenset[str]]] = field(default_factory=list)

    def secret(self, name: str, text: str) -> str:
        assert text, f"there is no {name}"
        self.secrets[name] = text
        return text

    def heard(self, shown: Shown, *given: str) -> Shown:
        """An answer; `given` are the secrets that it gives out."""
        self.answers.append((shown, frozenset(given)))
        return shown

    async def get(self, target: str, token: str = "") -> Shown:
        more = {"authorization": f"Bearer {token}"} if token else {}
        return self.heard(await self.browser.get(target, **more))

    async def post(self, target: str, members: dict[str, Any], *gives: str, **headers: str) -> dict[str, Any]:
        """A form to a face or a token endpoint; what it gives out becomes a secret of that name."""
        shown = await self.browser.post(target, members, follow=False, **headers)
        body = json.loads(shown.text)
        for name in gives:
            self.secret(f"{name} of {target} {len(self.secrets)}", body[name])
        self.heard(shown, *(name for name, text in self.secrets.items() if text in shown.text and gives))
        return dict(body)

    async def page(self, target: str, on: str, *gives: str, **fields: str | list[str]) -> Shown:
        """A form of a page; elements named in `gives` hold secrets, shown this once."""
        shown = await self.browser.submit(target, on=on, **fields)
        for element in gives:
            self.secret(f"{element} of {target} {len(self.secrets)}", shown.element(element))
        return self.heard(shown, *(list(self.secrets)[-len(gives) :] if gives else ()))


@pytest.fixture
def quiet_logs() -> Iterator[None]:
    """Whatever a test sets up for logs is gone after it."""
    yield
    structlog.reset_defaults()


@pytest.fixture
async def house(tmp_path: Path, quiet_logs: None) -> AsyncIterator[House]:
    settings, out, metrics = Settings(), io.StringIO(), Metrics()
    requests = set_up_logs("debug", "json", out)
    listening = logging.StreamHandler(out)
    logging.getLogger().addHandler(listening)
    async with data_folder.open_server_store(tmp_path / "data", settings) as store:
        ports = data_folder.ports_over(store)
        directory = FailingDirectory(ports.directory)
        ports = replace(ports, directory=directory)
        sign_ins = sign_in_throttle(ports, settings)
        server = open_authorization(ports, tmp_path / "data", settings, sign_ins)
        app: Application = build_application(ports, store, settings, metrics, requests, server, sign_ins)
        yield House(Browser(app), directory, out, metrics)
        await asyncio.sleep(0.05)  # Notes of last use are written beside the request.
    logging.getLogger().removeHandler(listening)


async def test_no_secret_is_written_anywhere_in_the_clear(house: House, tmp_path: Path) -> None:
    await _live(house)
    house.directory.is_failing = True
    await _use_everything(house)
    house.directory.is_failing = False
    metrics = (await house.get("/metrics")).text
    file = tmp_path / "backup.zip"
    # Another process, since this one has the store open.
    command = [*COMMAND, "--data", str(tmp_path / "data"), "backup", str(file)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, env=environment())

    assert len(house.secrets) >= 25, sorted(house.secrets)
    written = {"log": house.log.getvalue().encode(), "metrics": metrics.encode()}
    written |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with zipfile.ZipFile(file) as packed:
        written |= {f"backup {name}": _unpacked(name, packed.read(name)) for name in packed.namelist()}
    assert b"the disk is on fire" in written["log"], "a traceback was written"
    assert sum(VISIBLE.encode() in content for content in written.values()) >= 2, "the search finds things"
    found = [
        f"{name} in {where}"
        for name, text in house.secrets.items()
        for where, content in written.items()
        if _holds(content, text)
    ]
    assert found == []


async def test_answers_hold_only_the_secrets_that_they_give_out(house: House) -> None:
    await _live(house)
    house.directory.is_failing = True
    await _use_everything(house)

    found = [
        f"{name} in {shown.path.partition('?')[0]} ({shown.status})"
        for shown, given in house.answers
        for name, text in house.secrets.items()
        if name not in given and _holds(f"{shown.headers}{html.unescape(shown.text)}".encode(), text)
    ]
    assert found == []
    assert 500 in {shown.status for shown, _ in house.answers}


def test_the_real_command_logs_no_credential_of_an_address_or_a_header(tmp_path: Path) -> None:
    data = tmp_path / "data"
    password = secrets.token_hex(12)
    run(data, "user", "add", EMAIL, stdin=f"{password}\n")
    token = run_json(data, "token", "add", "--owner", EMAIL, "--name", "script")["token"]
    key = run_json(data, "hook", "add", "--owner", EMAIL, "--name", "gateway")["key"]
    wrong = secrets.token_hex(20)
    with Server.start(data, OWNCLIMATE_LOG_LEVEL="debug") as server:
        for text in (token, key, wrong):
            server.request("GET", "/v1/controllers", token=text)
            server.request("GET", f"/api/getmeasure?access_token={text}&device_id=x&scale=max&type=rain")
            server.request("POST", f"/hooks/readings?key={text}", READINGS)
            server.request("GET", f"/nothing/{text}?code={text}")
            server.request("POST", "/oauth2/token", {"client_id": text, "client_secret": text})
        server.request("POST", "/v1/auth/login", {"username": EMAIL, "password": password})
        log = server.stop().encode()

    assert b'"route":"/v1/controllers"' in log.replace(b": ", b":")
    assert [text for text in (password, token, key, wrong) if _holds(log, text)] == []


async def _live(house: House) -> None:
    """Everything that a household does with credentials, once."""
    first = house.secret("first password", f"canary {secrets.token_hex(8)}")
    await house.page("/register", "/register", email=EMAIL, password=first, first_name="Anna")
    house.secret("session", "".join(house.browser.cookies.values()))
    house.browser.cookies.clear()
    wrong = house.secret("wrong password", f"canary {secrets.token_hex(8)}")
    await house.page("/sign-in", "/sign-in", email=EMAIL, password=wrong)
    await house.page("/sign-in", "/sign-in", email=EMAIL, password=first)
    new = house.secret("password", f"canary {secrets.token_hex(8)}")
    await house.page("/account/password", "/account", password=first, new_password=new)
    for name, value in house.browser.cookies.items():
        house.secret(f"cookie {name}", value)
    await house.page("/tokens", "/tokens", "token", name="script", scope=["device.read", "site.read"])
    await house.page("/device-keys", "/device-keys", "key", name=VISIBLE)
    for dialect in ("standard", "netatmo", "mclimate", "smartbuildings"):
        await _app(house, dialect)
    await _use_everything(house)


async def _app(house: House, dialect: str) -> None:
    """Registers an app, rotates its secret and gets tokens in each way the dialect has."""
    fields = {"name": VISIBLE, "dialect": dialect}
    if dialect != "smartbuildings":
        fields["redirect_uris"] = REDIRECT
    made = await house.page("/clients", "/clients/new", "client-secret", **fields)
    client_id = made.element("client-id")
    rotated = await house.page(f"/clients/{client_id}/rotate", f"/clients/{client_id}", "client-secret")
    proof = {"client_id": client_id, "client_secret": rotated.element("client-secret")}
    door = {"smartbuildings": "/token", "mclimate": "/v1/token"}.get(dialect, "/oauth2/token")
    if dialect == "smartbuildings":
        own = {"grant_type": "client_credentials", "audience": "https://api.sb.ecobee.com"}
        await house.post(door, proof | own, "access_token")
        return
    verifier = house.secret(f"verifier {dialect}", secrets.token_hex(32))
    code = await _code(house, dialect, client_id, verifier)
    exchange = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": verifier}
    for wrongly in ({"client_secret": "canary" + secrets.token_hex(9)}, {"code": secrets.token_hex(20)}):
        name, text = next(iter(wrongly.items()))
        house.secret(f"wrong {name} {dialect}", text)
        await house.post(door, proof | exchange | {"code": code} | wrongly)
    tokens = await house.post(door, proof | exchange | {"code": code}, "access_token", "refresh_token")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    if dialect == "mclimate":
        again = await house.post("/v1/auth/renew", proof | refresh, "access_token")
        login = {"client_id": "mclimate", "client_secret": "mclimate_core", "username": EMAIL}
        await house.post("/v1/auth/login", login | {"password": house.secrets["wrong password"]})
        given = ("access_token", "refresh_token")
        await house.post("/v1/auth/login", login | {"password": house.secrets["password"]}, *given)
    else:
        again = await house.post(door, proof | refresh, "access_token", "refresh_token")
        await house.post("/oauth2/introspect", proof | {"token": again["access_token"]})
    if dialect == "netatmo":
        page = f"/clients/{client_id}/tokens"
        await house.page(page, page, "access-token", "refresh-token", scope=["read_station"])


async def _code(house: House, dialect: str, client_id: str, verifier: str) -> str:
    """Through the consent page; the code is in the address where the browser is sent."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "state": "a state",
        "code_challenge": digest.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    page = await house.get(f"/oauth2/authorize?{urlencode(asked)}")
    fields: dict[str, str | list[str]] = {name: page.hidden(name) for name in ("csrf", "request", "owner")}
    fields["scope"] = re.findall(r'name="scope" value="([^"]*)"', page.text)
    sent = await house.browser.post("/oauth2/consent", fields | {"decision": "allow"}, follow=False)
    code = parse_qs(urlsplit(sent.header("location")).query)["code"][0]
    house.secret(f"code {dialect}", code)
    house.heard(sent, f"code {dialect}")
    return code


async def _use_everything(house: House) -> None:
    """Every secret at every place that takes one, rightly or wrongly."""
    for text in list(house.secrets.values()):
        header = "" if " " in text else text
        await house.get("/v1/controllers", header)
        await house.get(
            "/api/getmeasure?" + urlencode({"access_token": text, "device_id": "x", "scale": "max"})
        )
        await house.post(f"/hooks/readings?{urlencode({'key': text})}", {})
        await house.get(f"/nothing/{quote(text, safe='')}?{urlencode({'code': text})}")
        await house.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": text})
    for page in ("/", "/tokens", "/device-keys", "/clients", "/apps", "/activity", "/account"):
        await house.get(page)


def _unpacked(name: str, content: bytes) -> bytes:
    is_packed = name.endswith(".zst")
    return zstandard.ZstdDecompressor().decompressobj().decompress(content) if is_packed else content


def _holds(content: bytes, text: str) -> bool:
    """Whether the part of the secret that is secret is there, as it is or in a usual coding."""
    core = text if " " in text else text[-24:]
    codings = (core, quote(core, safe=""), quote_plus(core), json.dumps(core)[1:-1])
    in_base64 = [base64.b64encode(b" " * shift + core.encode())[4:-4] for shift in range(3)]
    return any(coding.encode() in content for coding in codings) or any(part in content for part in in_base64)
