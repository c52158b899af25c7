"""From a view to HTML: templates, the frame around every page, instants in the reader's zone."""

from __future__ import annotations

import datetime
import functools
import hashlib
from dataclasses import dataclass, field
from importlib import resources

import jinja2
from markupsafe import Markup

from ownclimate.portal import csrf, words
from ownclimate.portal.visits import View, fields_of

PACKAGE = "ownclimate.portal"
STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(slots=True, kw_only=True)
class Frame:
    """What surrounds a page: who is signed in, where they are, what was just done.

    `secret` is what the browser holds; asking for the token of a form notes that it must hold it.
    """

    path: str
    now_ms: int
    secret: str = field(repr=False)
    zone: datetime.tzinfo = datetime.UTC
    email: str = ""
    is_admin: bool = False
    is_owner: bool = False
    is_developer: bool = False
    household: str = ""
    has_households: bool = False
    is_registration_open: bool = False
    done: str = ""
    has_form: bool = False

    def csrf(self) -> Markup:
        """The hidden field that every form holds."""
        self.has_form = True
        return Markup('<input type="hidden" name="{}" value="{}">').format(
            csrf.FIELD, csrf.token_of(self.secret)
        )

    def moment(self, at_ms: int) -> Markup:
        """An instant in the reader's zone."""
        return _time(at_ms, words.moment_text(at_ms, self.zone))

    def age(self, at_ms: int) -> Markup:
        """How long ago, the instant itself at hand as a tooltip."""
        if at_ms <= 0:
            return Markup("never")
        title = words.moment_text(at_ms, self.zone)
        return _time(at_ms, words.age_text(at_ms, self.now_ms), f' title="{title}"')


def _time(at_ms: int, text: str, more: str = "") -> Markup:
    # Nothing in it comes from outside, and escaping it all the same took most of the front page's time.
    return Markup(f'<time datetime="{words.machine_text(at_ms)}"{more}>{text}</time>')  # noqa: S704


def render(view: View, frame: Frame) -> str:
    template = environment().get_template(view.template)
    return template.render(frame=frame, **fields_of(view))


@functools.cache
def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static_path
    made.filters["span"] = words.span_text
    made.filters["grouped"] = words.grouped
    return made


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    content_type: str
    path: str
    """With a digest of the content, so that browsers may keep it for ever."""


@functools.cache
def static_files() -> dict[str, StaticFile]:
    """Every file of `static/`, by its name."""
    found = {}
    for entry in resources.files(PACKAGE).joinpath("static").iterdir():
        suffix = "." + entry.name.rpartition(".")[2]
        if suffix in STATIC_TYPES:
            body = entry.read_bytes()
            digest = hashlib.blake2b(body, digest_size=6).hexdigest()
            path = f"/static/{digest}/{entry.name}"
            found[entry.name] = StaticFile(body, STATIC_TYPES[suffix], path)
    return found


def static_path(name: str) -> str:
    return static_files()[name].path
