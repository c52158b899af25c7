"""What can go wrong, by what the caller can do about it.

AppError
├── InvalidInput            the caller must change the request (field, reason)
├── Unauthenticated         no credential, or one that does not hold
├── Forbidden               a credential that does not reach this far
├── NotFound                no such thing, or not yours
├── Conflict                the thing exists or has changed in the meantime
├── RateLimited             later (retry_after_s)
├── Unsupported             the ability that is missing
├── StoreError
│   ├── StoreUnavailable    later (retry_after_s): full queue, full disk
│   ├── OutcomeUnknown      the write may have landed: read its version to find out
│   ├── StoreCorrupt        stop and keep the file
│   └── StoreClosed         the store was shut
└── UpstreamError
    ├── Unreachable         later
    ├── Refused             credentials; do not hammer
    └── Garbled             an answer that cannot be read

`code` is stable and snake_case, `message` is safe to show to whoever asked.
"""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """Root of every error that the application raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(AppError):
    """The request cannot be taken as it stands; `field` names the culprit (a path or a parameter)."""

    code = "invalid_input"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class Unauthenticated(AppError):
    """No credential, or one that is unknown, revoked or expired."""

    code = "unauthenticated"

    def __init__(self, message: str = "a valid token is required", *, reason: str = "invalid") -> None:
        super().__init__(message)
        self.reason = reason
        """`missing`, `invalid`, `expired`, or `switched_off` for a good one of an application that is."""


class Forbidden(AppError):
    code = "forbidden"


class NotFound(AppError):
    """No such thing; another owner's thing looks the same."""

    code = "not_found"

    def __init__(self, kind: str, id: str = "") -> None:
        super().__init__(f"{kind} {id} not found" if id else f"{kind} not found")
        self.kind = kind
        self.id = id


class Conflict(AppError):
    """The thing exists already, or changed since it was read."""

    code = "conflict"

    def __init__(self, kind: str, id: str = "", message: str = "") -> None:
        super().__init__(message or f"{kind} {id} already exists or has changed")
        self.kind = kind
        self.id = id


class RateLimited(AppError):
    code = "rate_limited"

    def __init__(self, retry_after_s: float, message: str = "too many requests") -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unsupported(AppError):
    """The device, dialect or backend lacks the named ability."""

    code = "unsupported"

    def __init__(self, ability: str, message: str = "") -> None:
        super().__init__(message or f"{ability} is not supported")
        self.ability = ability


class StoreError(AppError):
    code = "store_error"


class StoreUnavailable(StoreError):
    """The store cannot take the write now; nothing of it was applied. May be retried."""

    code = "store_unavailable"

    def __init__(self, message: str, *, retry_after_s: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(StoreError):
    """The write may or may not have landed; compare the version that was sent with what is stored."""

    code = "outcome_unknown"


class StoreCorrupt(StoreError):
    """Stored bytes do not agree with their checksum or format. Stop and keep the file."""

    code = "store_corrupt"


class StoreClosed(StoreError):
    code = "store_closed"


class UpstreamError(AppError):
    code = "upstream_error"


class Unreachable(UpstreamError):
    code = "upstream_unreachable"


class Refused(UpstreamError):
    code = "upstream_refused"


class Garbled(UpstreamError):
    code = "upstream_garbled"
