"""The two cookies: one for a signed-in browser, one that ties a form to a browser before that."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "__Host-"
"""Browsers take such a cookie only over https, for `/`, from this very host (RFC 6265bis §4.1.3.2): a
neighbouring host name cannot plant one."""
SESSION = "ownclimate_session"
VISITOR = "ownclimate_visitor"


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes, by whether our public address is https."""

    is_secure: bool

    @property
    def session(self) -> str:
        return f"{PREFIX}{SESSION}" if self.is_secure else SESSION

    @property
    def visitor(self) -> str:
        return f"{PREFIX}{VISITOR}" if self.is_secure else VISITOR

    def setting(self, name: str, value: str, max_age_s: int | None = None) -> str:
        """A `Set-Cookie` value. Without `max_age_s` the browser forgets it when it closes."""
        parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age_s is not None:
            parts.append(f"Max-Age={max_age_s}")
        if self.is_secure:
            parts.append("Secure")
        return "; ".join(parts)

    def clearing(self, name: str) -> str:
        return self.setting(name, "", 0)


def read(header: str) -> dict[str, str]:
    """Names and values of a `Cookie` header; of a repeated name the first, which is the most specific."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator:
            found.setdefault(name, value.strip('"'))
    return found
