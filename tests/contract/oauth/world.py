"""An authorization server with every dialect over a store of the test's choice, and browsers to use it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ownclimate.authorization import TOKEN_DIALECTS, with_token_doors
from ownclimate.core.access import Access
from ownclimate.core.errors import RateLimited, Unauthenticated
from ownclimate.core.ids import SiteId
from ownclimate.core.ports import Directory, Ports, Put
from ownclimate.core.things import Account
from ownclimate.core.writes import Actor, write_surely
from ownclimate.oauth import authorize, clients, tokens
from ownclimate.oauth.clients import Client, ClientForm
from ownclimate.oauth.encryption import Cipher
from ownclimate.oauth.endpoints import oauth_dialect
from ownclimate.oauth.server import AuthorizationServer, authorization_server
from ownclimate.store.memory import MemoryDirectory
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from ownclimate.web.dispatch import Application, RequestEntry
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered
from tests.fakes.http import Client as HttpClient

ISSUER = "http://climate.test"
REDIRECT = "https://app.example/back"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""RFC 7636 appendix B."""
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
FORM = {"content-type": "application/x-www-form-urlencoded"}
_signing_key: dict[str, Any] = {}
"""One RSA key for the whole run: making one takes longer than any test."""


@dataclass(frozen=True)
class App:
    """A registered client as its developer knows it."""

    client: Client
    secret: str | None

    @property
    def id(self) -> str:
        return self.client.id

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})


@dataclass
class World:
    ports: Ports
    clock: FakeClock
    server: AuthorizationServer
    households: Households
    application: Application
    http: HttpClient
    passwords: dict[str, str]
    sign_ins_left: int = 1000

    @classmethod
    def over(cls, directory: Directory, clock: FakeClock, entropy: SeededEntropy, **settings: Any) -> World:
        ports = replace(memory_ports(clock, entropy), directory=directory)
        households = Households(ports)
        passwords: dict[str, str] = {}

        async def sign_in(email: str, password: str, address: str) -> Account:
            if not world.sign_ins_left:
                raise RateLimited(6)
            world.sign_ins_left -= 1
            for account in households.accounts.values():
                if account.email == email and passwords[email] == password:
                    return account
            raise Unauthenticated("no")

        server = authorization_server(
            ports, dialects=TOKEN_DIALECTS, cipher=Cipher(bytes(32), entropy), sign_in=sign_in, **settings
        )
        entries: list[RequestEntry] = []
        faces = with_token_doors(server, (mclimate_dialect(), netatmo_dialect(), smartbuildings_dialect()))
        dialects = (*faces, oauth_dialect(server))

        async def authenticate(text: str) -> Access:
            return await tokens.check(directory, server.dialects, text, clock.now_ms())

        application = Application(
            dialects=dialects, ports=ports, authenticators={"token": authenticate}, observers=[entries.append]
        )
        http = HttpClient(application, entries, dialects)
        world = cls(ports, clock, server, households, application, http, passwords)
        return world

    async def person(self, name: str) -> Account:
        account = await self.households.add(name)
        self.passwords[account.email] = f"password of {name}"
        return account

    async def app(self, owner: Account, dialect: str = "standard", **form: Any) -> App:
        redirects = () if dialect == "smartbuildings" else (REDIRECT,)
        filled = ClientForm(**{"name": "An app", "dialect": dialect, "redirect_uris": redirects} | form)
        return App(*await clients.create_client(self.server, ACTOR, owner, filled))

    async def ask(self, app: App, **parameters: str | None) -> authorize.AuthorizationRequest:
        """The authorization request that a browser brings; None leaves a parameter out."""
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": app.id,
            "redirect_uri": REDIRECT,
            "state": "a state",
        }
        given = [(name, value) for name, value in (usual | parameters).items() if value is not None]
        return await authorize.validate(self.server, given, issuer=ISSUER)

    async def allow(
        self,
        request: authorize.AuthorizationRequest,
        account: Account,
        *,
        scopes: Sequence[str] | None = None,
        sites: Sequence[SiteId] | None = None,
        adds: bool = False,
    ) -> dict[str, str]:
        """What the browser brings back to the app after "Allow"."""
        location = await authorize.approve(
            self.server,
            request,
            owner_id=account.owner_id,
            account_id=account.id,
            scopes=scopes,
            sites=sites,
            adds=adds,
            actor=Actor(account_id=account.id, via="session"),
        )
        assert location.startswith(request.redirect_uri)
        return query_of(location)

    async def code(self, app: App, account: Account, **parameters: str | None) -> str:
        return (await self.allow(await self.ask(app, **parameters), account))["code"]

    async def post(
        self, path: str, members: dict[str, Any], *, json: bool = False, **headers: str
    ) -> Answered:
        if json:
            return await self.http.request("POST", path, json_body=members, headers=headers)
        body = urlencode(members, doseq=True).encode()
        return await self.http.request("POST", path, body=body, headers=FORM | headers)

    async def token(self, app: App, grant_type: str, **members: Any) -> Answered:
        return await self.post("/oauth2/token", {**app.credentials, "grant_type": grant_type, **members})

    async def exchange(self, app: App, code: str, **members: Any) -> Answered:
        given = {"code": code, "redirect_uri": REDIRECT} | members
        sent = {name: value for name, value in given.items() if value is not None}
        return await self.token(app, "authorization_code", **sent)

    async def refresh(self, app: App, refresh_token: str, **members: Any) -> Answered:
        return await self.token(app, "refresh_token", refresh_token=refresh_token, **members)

    async def pair(self, app: App, account: Account, **parameters: str | None) -> dict[str, Any]:
        """The tokens that a whole code flow ends with."""
        answer = await self.exchange(app, await self.code(app, account, **parameters))
        assert answer.status == 200, answer.body
        return dict(answer.json)

    async def access(self, token: str) -> Access:
        return await tokens.check(self.ports.directory, self.server.dialects, token, self.clock.now_ms())

    async def reason(self, token: str) -> str:
        """Why the token is refused; empty when it is not."""
        try:
            await self.access(token)
        except Unauthenticated as refused:
            return refused.reason
        return ""

    async def with_signing_key(self) -> World:
        """Gives the server the run's signing key, so that none has to be made."""
        if not _signing_key:
            other = World.over(MemoryDirectory(), self.clock, SeededEntropy(5))
            await other.server.keys.rotate()
            (document,) = await other.ports.directory.scan("signing_keys", "key")
            _signing_key.update({"key": document.key, "body": document.body})
        put = Put(table="key", key=_signing_key["key"], body=_signing_key["body"])
        await write_surely(self.ports, "signing_keys", [put])
        return self


def query_of(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
