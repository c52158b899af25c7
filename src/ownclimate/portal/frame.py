"""The portal as an ASGI application: from a request to a page, with what no page may forget.

The order within one request: find the page, know who asks, see whether they may open it, check that
the form is ours, run the page's code, answer with every security header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from ownclimate.core.errors import AppError, Forbidden, NotFound, Unauthenticated
from ownclimate.core.members import Household, find_role, list_households, load_owner
from ownclimate.core.things import Account, Role
from ownclimate.oauth.sessions import Session, find_session
from ownclimate.portal import csrf, words
from ownclimate.portal.cookies import Cookies, read
from ownclimate.portal.forms import Form
from ownclimate.portal.pages.clients import DEVELOPERS
from ownclimate.portal.pages.trouble import trouble_of
from ownclimate.portal.rendering import Frame, render, static_files
from ownclimate.portal.routes import Need, Route
from ownclimate.portal.security import COMMON, HSTS, NOT_STORED, content_security_policy
from ownclimate.portal.services import Services
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.web.asgi import RawHeaders, Receive, Scope, Send, send_reply
from ownclimate.web.body import ClientGone, pairs_of, read_body
from ownclimate.web.faults import HttpFault
from ownclimate.web.routing import Routes

MAX_FORM_BYTES = 64 * 1024
FORM_TYPE = "application/x-www-form-urlencoded"
STATIC = "/static"
STALE_FORM = (
    "This form is no longer valid. Go back, reload the page and send it again; "
    "the browser must accept cookies."
)
FOREIGN_FORM = "This form came from another site, so nothing was done."


class Portal:
    """Every page of `routes`. An unknown path gets a page that says so."""

    def __init__(self, services: Services, routes: Sequence[Route]) -> None:
        self._services = services
        self._cookies = Cookies(services.public_url.startswith("https://"))
        self._own_host = urlsplit(services.public_url).netloc.lower()
        self._routes: Routes[Route] = Routes()
        for route in routes:
            if route.show is not None:
                self._routes.add(route.path, "GET", route)
            if route.submit is not None:
                self._routes.add(route.path, "POST", route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        path: str = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        if path.startswith(f"{STATIC}/"):
            await _send_static(send, path, scope["method"])
            return
        try:
            await self._serve(scope, headers, path, receive, send)
        except ClientGone:
            return

    async def _serve(
        self, scope: Scope, headers: Mapping[bytes, bytes], path: str, receive: Receive, send: Send
    ) -> None:
        cookies = read(headers.get(b"cookie", b"").decode("latin-1"))
        visitor = cookies.get(self._cookies.visitor, "")
        visit = Visit(
            services=self._services,
            method="GET" if scope["method"] == "HEAD" else scope["method"],
            path=path,
            query_text=scope["query_string"].decode("latin-1"),
            query=Form(),
            form=Form(),
            ids={},
            base_url=self._services.public_url or _address_of(scope, headers),
            address=(scope.get("client") or ("",))[0],
            browser=headers.get(b"user-agent", b"").decode("latin-1"),
        )
        unforeseen: Exception | None = None
        try:
            visit = replace(visit, query=Form(pairs_of(visit.query_text)))
            visit = await self._known(visit, cookies.get(self._cookies.session, ""))
            answer = await self._answer(scope, visit, visitor, headers, receive)
        except ClientGone:
            raise
        except Unauthenticated:
            answer = Redirect(to=visit.sign_in_path() if visit.method == "GET" else "/sign-in")
        except (AppError, HttpFault) as error:
            answer = trouble_of(error)
            unforeseen = error if answer.status == 500 else None
        except Exception as error:
            answer = trouble_of(HttpFault(500, ""))
            unforeseen = error
        await self._send(send, scope["method"], visit, answer, visitor)
        if unforeseen is not None:
            # The page is out; the error goes on to whoever writes the log.
            raise unforeseen

    async def _known(self, visit: Visit, session_text: str) -> Visit:
        """The visit with who is signed in, and the household they look at."""
        if not session_text:
            return visit
        found = await find_session(self._services.ports, session_text, self._services.lifetime)
        if found is None:
            return visit
        session, account = found
        return replace(
            visit,
            session=session,
            session_text=session_text,
            signed_in=account,
            at_home=await self._home(session, account),
        )

    async def _home(self, session: Session, account: Account) -> Household | None:
        """The household the session looks at; the account's own when it was shut out of that one."""
        directory = self._services.ports.directory
        for owner_id in (session.owner_id, account.owner_id):
            role = await find_role(directory, owner_id, account.id)
            owner = await load_owner(directory, owner_id)
            if role is not None and owner is not None:
                return Household(owner=owner, role=role)
        return None

    async def _answer(
        self,
        scope: Scope,
        visit: Visit,
        visitor: str,
        headers: Mapping[bytes, bytes],
        receive: Receive,
    ) -> Answer:
        found = self._routes.find(visit.path)
        if found is None:
            raise NotFound("page")
        scope["route"] = found.template
        route = found.rows.get(visit.method)
        if route is None:
            allowed = ", ".join(sorted({*found.rows, *(("HEAD",) if "GET" in found.rows else ())}))
            raise HttpFault(405, f"{visit.method} is not possible here", {"allow": allowed})
        visit = replace(visit, ids=found.values)
        _admit(route, visit)
        if visit.method == "GET":
            assert route.show is not None, "only routes that show something are found by GET"
            return await route.show(visit)
        visit = replace(visit, form=await _read_form(headers, receive))
        if not route.is_open:
            secret = visit.session_text or visitor
            own_hosts = {self._own_host, headers.get(b"host", b"").decode("latin-1").lower()}
            if csrf.is_from_elsewhere(headers, frozenset(own_hosts)):
                raise HttpFault(403, FOREIGN_FORM)
            if not csrf.holds(secret, visit.form.text(csrf.FIELD)):
                raise HttpFault(403, STALE_FORM)
        assert route.submit is not None, "only routes that take something are found by POST"
        return await route.submit(visit)

    async def _send(self, send: Send, method: str, visit: Visit, answer: Answer, visitor: str) -> None:
        headers: list[tuple[str, str]] = [*COMMON, NOT_STORED]
        if self._cookies.is_secure:
            headers.append(HSTS)
        body = b""
        if isinstance(answer, Page):
            frame = await self._frame(visit, visitor or self._services.ports.entropy(16).hex())
            body = render(answer.view, frame).encode()
            headers.append(("content-type", "text/html; charset=utf-8"))
            policy = content_security_policy(answer.form_targets, is_live=answer.is_live)
            headers.append(("content-security-policy", policy))
            headers.extend(answer.headers)
            if frame.has_form and not visitor and visit.session is None:
                headers.append(("set-cookie", self._cookies.setting(self._cookies.visitor, frame.secret)))
        else:
            headers.append(("location", answer.location))
            headers.append(("content-security-policy", content_security_policy()))
            headers.extend(self._session_cookies(answer))
        headers.append(("content-length", str(len(body))))
        raw: RawHeaders = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send_reply(send, answer.status, raw, b"" if method == "HEAD" else body)

    def _session_cookies(self, answer: Redirect) -> list[tuple[str, str]]:
        if answer.session is None:
            return []
        names = self._cookies
        if not answer.session:
            return [("set-cookie", names.clearing(names.session))]
        longest_s = self._services.lifetime.longest_ms // 1000
        return [
            ("set-cookie", names.setting(names.session, answer.session, longest_s)),
            ("set-cookie", names.clearing(names.visitor)),
        ]

    async def _frame(self, visit: Visit, visitor: str) -> Frame:
        frame = Frame(
            path=visit.path,
            now_ms=visit.now_ms,
            secret=visit.session_text or visitor,
            is_registration_open=self._services.is_registration_open,
            done=words.DONE.get(visit.query.text("done"), "") if visit.method == "GET" else "",
        )
        if visit.signed_in is not None:
            account = visit.signed_in
            households = await list_households(self._services.ports.directory, account)
            frame.email = account.email
            frame.is_admin = account.is_admin
            frame.zone = words.zone_of(account.time_zone)
            if visit.at_home is not None:
                frame.household = visit.at_home.owner.name
                frame.is_owner = visit.at_home.role is Role.OWNER
                frame.is_developer = visit.at_home.role in DEVELOPERS
            frame.has_households = len(households) > 1
        return frame


def _address_of(scope: Scope, headers: Mapping[bytes, bytes]) -> str:
    host = headers.get(b"host", b"localhost").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}"


def _admit(route: Route, visit: Visit) -> None:
    """Raises Unauthenticated or Forbidden when the page is not for this person."""
    if route.need is Need.NOBODY:
        return
    account = visit.account
    if route.need is Need.ADMIN and not account.is_admin:
        raise Forbidden("Only administrators of this server may open this page")
    if route.roles:
        visit.require_role(*route.roles)


async def _read_form(headers: Mapping[bytes, bytes], receive: Receive) -> Form:
    declared = headers.get(b"content-length", b"").decode("latin-1")
    body = await read_body(receive, declared, MAX_FORM_BYTES)
    media = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if media != FORM_TYPE:
        raise HttpFault(415, f"Expected a form of type {FORM_TYPE}")
    return Form(pairs_of(body.decode("utf-8", "replace")))


async def _send_static(send: Send, path: str, method: str) -> None:
    """A file under the digest of its content; under another digest there is nothing."""
    file = static_files().get(path.rpartition("/")[2])
    if file is None or file.path != path or method not in ("GET", "HEAD"):
        await send_reply(send, 404, [(b"content-length", b"0")], b"")
        return
    headers: RawHeaders = [
        (b"content-type", file.content_type.encode()),
        (b"content-length", str(len(file.body)).encode()),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send_reply(send, 200, headers, b"" if method == "HEAD" else file.body)
