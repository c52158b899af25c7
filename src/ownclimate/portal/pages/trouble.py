"""The page for whatever did not work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ownclimate.portal.visits import Page
from ownclimate.web.faults import Fault, HttpFault, common_headers, status_of

TITLES = {
    400: "That request makes no sense here",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible here",
    409: "It changed meanwhile",
    413: "Too much at once",
    415: "Not a form",
    429: "Too many attempts",
    503: "Not just now",
}
BLAND = "Something went wrong on our side. The operator's log has the details."
NOT_FOUND = "The page or the thing it showed does not exist, or it is not yours."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`code` is a name that programs know too, shown small."""

    template: ClassVar[str] = "trouble.html"
    title: str
    text: str
    code: str = ""


def trouble_of(fault: Fault) -> Page:
    """The page for a fault, with what HTTP wants said about it. A 500 is bland on purpose."""
    status = status_of(fault)
    if status == 404:
        text = NOT_FOUND
    elif status >= 500 and status != 503:
        text = BLAND
    else:
        text = fault.detail if isinstance(fault, HttpFault) else fault.message
    if text and text[0].islower():
        text = text[0].upper() + text[1:]
    if text and text[-1].isalnum():
        text += "."
    title = TITLES.get(status, "That did not work")
    view = Trouble(title=title, text=text)
    return Page(view=view, status=status, headers=tuple(common_headers(fault).items()))
