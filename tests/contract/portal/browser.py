"""A browser without a socket: cookies, forms, redirects; and a server with pages to point it at."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from ownclimate.authorization import TOKEN_DIALECTS
from ownclimate.core.accounts import register_account
from ownclimate.core.errors import Unauthenticated
from ownclimate.core.ids import SiteId
from ownclimate.core.ports import Directory, Ports, SeriesStore
from ownclimate.core.sites import create_site
from ownclimate.core.things import Account
from ownclimate.oauth.encryption import Cipher
from ownclimate.oauth.passwords import hash_password
from ownclimate.oauth.server import AuthorizationServer, authorization_server
from ownclimate.oauth.sessions import Lifetime, begin_session
from ownclimate.oauth.throttle import Allowance, SignInThrottle, Throttle
from ownclimate.oauth.usage import DailyUsage
from ownclimate.portal.cookies import Cookies
from ownclimate.portal.frame import Portal
from ownclimate.portal.pages import OUTSIDE_ROOT, ROUTES
from ownclimate.portal.services import Services
from ownclimate.web.client_use import ClientUses
from ownclimate.web.dispatch import Application, RequestEntry
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.clouds import KIND, TwinFlow, twin_cloud
from tests.fakes.households import ACTOR, memory_ports

HOST = "climate.test"
PASSWORD = "a long enough one"
HASHES: dict[str, str] = {}
"""Hashing takes 20 ms, and most tests only need somebody to be signed in."""

Fields = Mapping[str, str | Sequence[str]]


def everything_in(directory: Directory) -> str:
    """All that a store of the reference kind holds, to be searched for traces."""
    nodes = getattr(directory, "_nodes", {"": directory})
    return repr({key: rows for node in nodes.values() for key, rows in node._tables.items() if rows})


@dataclass(frozen=True)
class Shown:
    """What the browser got, after redirects."""

    status: int
    headers: list[tuple[str, str]]
    text: str
    path: str

    def header(self, name: str) -> str:
        return next((value for found, value in self.headers if found == name), "")

    @property
    def cookies_set(self) -> dict[str, str]:
        """`Set-Cookie` lines by cookie name."""
        return {v.partition("=")[0]: v for name, v in self.headers if name == "set-cookie"}

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?) · ownclimate</title>", self.text)
        return html.unescape(found[1]) if found else ""

    def element(self, id: str) -> str:
        """The text of the element with the id, which must have no elements inside."""
        found = re.search(rf'id="{id}"[^>]*>([^<]*)<', self.text)
        assert found, f"no element {id} in {self.title!r}"
        return html.unescape(found[1])

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.text)
        return found[1] if found else ""

    def hidden(self, name: str) -> str:
        found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', self.text)
        assert found, f"no hidden field {name} in {self.title!r}"
        return html.unescape(found[1])


@dataclass
class Browser:
    """Follows redirects on this server only, as far as the address it was sent away to."""

    app: Application
    address: str = "192.0.2.1"
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    shown: Shown | None = None

    async def get(self, target: str, *, follow: bool = True, **headers: str) -> Shown:
        return await self._go("GET", target, b"", follow, headers)

    async def post(self, target: str, fields: Fields, *, follow: bool = True, **headers: str) -> Shown:
        """Submits exactly these fields."""
        headers = {"content_type": "application/x-www-form-urlencoded"} | headers
        return await self._go("POST", target, urlencode(fields, doseq=True).encode(), follow, headers)

    async def submit(
        self, target: str, *, on: str = "", follow: bool = True, **fields: str | Sequence[str]
    ) -> Shown:
        """Fills in a form of the page `on` (else the one shown) and sends it, its token included."""
        page = await self.get(on) if on else self.shown
        assert page is not None, "open a page first"
        return await self.post(target, {"csrf": page.csrf} | fields, follow=follow)

    async def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> Shown:
        return await self.submit(
            "/sign-in", on="/sign-in?another=1", email=email, password=password, **fields
        )

    async def _go(
        self, method: str, target: str, body: bytes, follow: bool, headers: Mapping[str, str]
    ) -> Shown:
        shown = await self._once(method, target, body, headers)
        location = shown.header("location")
        for _ in range(5):
            if not follow or not location.startswith("/"):
                break
            shown = await self._once("GET", location, b"", {})
            location = shown.header("location")
        self.shown = shown
        return shown

    async def _once(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Shown:
        parts = urlsplit(target)
        sent = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "scheme": self.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": (self.address, 40_000),
        }
        answered: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            answered.append(message)

        await self.app(scope, receive, send)
        start = answered[0]
        shown = Shown(
            status=start["status"],
            headers=[(n.decode(), v.decode("latin-1")) for n, v in start["headers"]],
            text=b"".join(message.get("body", b"") for message in answered[1:]).decode(),
            path=target,
        )
        for name, line in shown.cookies_set.items():
            value = line.partition(";")[0].partition("=")[2]
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return shown


@dataclass
class Server:
    """Pages over a store of the test's choice."""

    ports: Ports
    clock: FakeClock
    authorization: AuthorizationServer
    services: Services
    entries: list[RequestEntry]
    app: Application

    @classmethod
    def over(
        cls,
        directory: Directory,
        clock: FakeClock,
        entropy: SeededEntropy,
        *,
        series: SeriesStore | None = None,
        **more: Any,
    ) -> Server:
        ports = replace(memory_ports(clock, entropy), directory=directory)
        if series is not None:
            ports = replace(ports, series=series)

        async def sign_in(email: str, password: str, address: str) -> Account:
            raise Unauthenticated("no test here takes the password grant")

        authorization = authorization_server(
            ports, dialects=TOKEN_DIALECTS, cipher=Cipher(bytes(32), entropy), sign_in=sign_in
        )
        usual: dict[str, Any] = {
            "ports": ports,
            "authorization": authorization,
            "sign_ins": SignInThrottle.over(clock),
            "registrations": Throttle(clock, Allowance(burst=20, interval_s=180)),
            "lifetime": Lifetime(),
            "public_url": "",
            "is_registration_open": True,
            "client_uses": ClientUses(clock, {"/oauth2/token"}),
            "daily_usage": DailyUsage(ports, {"/oauth2/token"}).of,
            "clouds": {KIND: twin_cloud(TwinFlow())},
        }
        services = Services(**usual | more)
        entries: list[RequestEntry] = []
        portal = Portal(services, ROUTES)
        app = Application(
            dialects=(),
            ports=ports,
            authenticators={},
            mounts=dict.fromkeys(("", *OUTSIDE_ROOT), portal),
            observers=[entries.append],
        )
        return cls(ports, clock, authorization, services, entries, app)

    def browser(self, **more: Any) -> Browser:
        return Browser(self.app, **more)

    async def person(self, name: str, **more: Any) -> Account:
        if PASSWORD not in HASHES:
            HASHES[PASSWORD] = await hash_password(PASSWORD)
        email = f"{name}@example.org"
        return await register_account(
            self.ports, ACTOR, email=email, password_hash=HASHES[PASSWORD], first_name=name.title(), **more
        )

    async def signed_in(self, name: str, **more: Any) -> Browser:
        """A browser in which a new person is signed in."""
        account = await self.person(name, **more)
        _, text = await begin_session(self.ports, account, self.services.lifetime)
        return self.browser(cookies={Cookies(False).session: text})

    async def site(self, account: Account, name: str) -> SiteId:
        return (await create_site(self.ports, account.owner_id, ACTOR, name=name)).id
