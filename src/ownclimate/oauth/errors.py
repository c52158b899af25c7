"""What the protocol itself calls an error. It never leaves this room except as an answer's body."""

from __future__ import annotations


class OAuthError(Exception):
    """An error in the RFC's words; a dialect turns it into its own answer.

    `error` is a name of `vocabulary`, `description` safe to show to whoever asked, `status` what
    RFC 6749 §5.2 gives it.
    """

    def __init__(self, error: str, description: str = "", *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.description = description
        self.status = status


class MissingParameter(OAuthError):
    """A required parameter was not sent; some dialects name it in words of their own."""

    def __init__(self, name: str) -> None:
        super().__init__("invalid_request", f"Missing required parameter: {name}")
        self.name = name


class RedirectedError(OAuthError):
    """An error of an authorization request that the client is told through the browser.

    Everything else wrong with such a request is shown to the person and goes nowhere (RFC 6749 §4.1.2.1):
    until client and redirect URI are known to belong together, an answer would be an open redirect.
    """

    def __init__(self, error: str, description: str, location: str) -> None:
        super().__init__(error, description)
        self.location = location
