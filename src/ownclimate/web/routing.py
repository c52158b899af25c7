"""From a request target to a row: a tree of path segments over all dialects.

Segments are split before they are percent-decoded, so an encoded slash never separates. A literal
segment wins over a parameter, a typed parameter over an untyped one; when the better branch leads
nowhere, the other is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

T = TypeVar("T")

_DIGITS = re.compile(r"[0-9]+")
_HEX24 = re.compile(r"[0-9a-f]{24}")
KINDS: dict[str, Callable[[str], bool]] = {
    "digits": lambda text: _DIGITS.fullmatch(text) is not None,
    "hex24": lambda text: _HEX24.fullmatch(text) is not None,
    "text": bool,
}


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    parameters: list[tuple[str, _Node[T]]] = field(default_factory=list)
    """(kind, child), typed kinds first."""
    template: str = ""
    names: tuple[str, ...] = ()
    rows: dict[str, T] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """`rows` by method of the path that matched; `values` of its parameters by name."""

    template: str
    rows: dict[str, T]
    values: dict[str, str]


class Routes(Generic[T]):
    """Rows by path and method. Paths are templates; see `tables.Endpoint`."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._literal: dict[str, Found[T]] = {}

    def add(self, template: str, method: str, row: T) -> None:
        """Raises ValueError when the method is taken at this path, or a parameter's kind is unknown."""
        node, names, shown = self._root, [], []
        for segment in template.removeprefix("/").split("/"):
            if segment.startswith("{"):
                name, _, kind = segment[1:-1].partition(":")
                kind = kind or "text"
                if kind not in KINDS:
                    raise ValueError(f"{template}: unknown kind of parameter {kind!r}")
                node = _parameter(node, kind)
                names.append(name)
                shown.append(f"{{{name}}}")
            else:
                node = node.literals.setdefault(segment, _Node())
                shown.append(segment)
        if method in node.rows:
            raise ValueError(f"{method} {template} is declared twice")
        node.rows[method] = row
        node.names = tuple(names)
        node.template = "/" + "/".join(shown)
        if not names:
            self._literal[template] = Found(node.template, node.rows, {})

    def find(self, path: str) -> Found[T] | None:
        """The rows at a path that is still percent-encoded; None when there are none."""
        found = self._literal.get(path)
        return found if found is not None else self._walk(segments_of(path))

    def _walk(self, segments: list[str]) -> Found[T] | None:
        values: list[str] = []
        node = _descend(self._root, segments, 0, values)
        if node is None:
            return None
        return Found(node.template, node.rows, dict(zip(node.names, values, strict=True)))


def segments_of(path: str) -> list[str]:
    """The segments of a percent-encoded path, decoded one by one. Bytes that are no UTF-8 become U+FFFD."""
    segments = path.removeprefix("/").split("/")
    if "%" not in path:
        return segments
    return [unquote_to_bytes(segment).decode("utf-8", "replace") for segment in segments]


def collapsed(path: str) -> str:
    """The path without empty segments: `//api//x/` is `/api/x`."""
    return "/" + "/".join(segment for segment in path.split("/") if segment)


def _parameter(node: _Node[T], kind: str) -> _Node[T]:
    for known, child in node.parameters:
        if known == kind:
            return child
    added: _Node[T] = _Node()
    node.parameters.append((kind, added))
    node.parameters.sort(key=lambda entry: entry[0] == "text")
    return added


def _descend(node: _Node[T], segments: list[str], depth: int, values: list[str]) -> _Node[T] | None:
    if depth == len(segments):
        return node if node.rows else None
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _descend(literal, segments, depth + 1, values)
        if found is not None:
            return found
    for kind, child in node.parameters:
        if KINDS[kind](segment):
            values.append(segment)
            found = _descend(child, segments, depth + 1, values)
            if found is not None:
                return found
            values.pop()
    return None
