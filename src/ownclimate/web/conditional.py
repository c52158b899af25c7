"""Conditional GET: a strong ETag over the body, and If-None-Match (RFC 9110 §8.8.3, §13.1.2)."""

from __future__ import annotations

import hashlib

from ownclimate.web.call import Call, Reply


def etag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def conditional(reply: Reply, call: Call) -> Reply:
    """The reply with its ETag, or 304 without a body when the client has this very answer."""
    etag = etag_of(reply.body)
    headers = (*reply.headers, ("etag", etag))
    known = call.header("if-none-match")
    if known and _names(known, etag):
        return Reply(status=304, headers=headers)
    # Written out, not `dataclasses.replace`, which costs as much as hashing the body.
    return Reply(status=reply.status, body=reply.body, content_type=reply.content_type, headers=headers)


def _names(if_none_match: str, etag: str) -> bool:
    """If-None-Match compares weakly: a `W/` before either tag does not count."""
    if if_none_match.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return etag in tags
