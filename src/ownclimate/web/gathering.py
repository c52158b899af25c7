"""The bracket convention of queries and forms: `ids[]=a`, `ids[0]=a`, `zones[0][rooms][0][id]=1`.

Made popular by PHP, written by many clients, defined by no standard. A repeated plain name is a list
too, and a list of one is told from a single value by its brackets only.
"""

from __future__ import annotations

import re
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.web.call import Pairs

_NAME = re.compile(r"(?P<head>[^\[\]]+)(?P<steps>(?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"[0-9]{1,9}")
MAX_DEPTH = 8


def bracketed(pairs: Pairs) -> dict[str, Any]:
    """Names and values as nested maps and lists. Raises InvalidInput for names that contradict each other.

    A map whose keys are all digits is a list in the order of those numbers.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        steps = _STEP.findall(match.group("steps")) if match else []
        if match is None or not steps:
            _add_plain(tree, name, value)
        elif len(steps) > MAX_DEPTH:
            raise InvalidInput(match.group("head"), f"is nested deeper than {MAX_DEPTH} levels")
        else:
            _add_nested(tree, match.group("head"), steps, value)
    return {name: _listed(value) for name, value in tree.items()}


def _add_plain(tree: dict[str, Any], name: str, value: str) -> None:
    held = tree.get(name)
    if held is None:
        tree[name] = value
    elif isinstance(held, dict):
        raise InvalidInput(name, "is given both as a value and as a list")
    else:
        tree[name] = [*held, value] if isinstance(held, list) else [held, value]


def _add_nested(tree: dict[str, Any], head: str, steps: list[str], value: str) -> None:
    node = tree.setdefault(head, {})
    for depth, step in enumerate(steps):
        if not isinstance(node, dict):
            raise InvalidInput(head, "is given both as a value and as a list")
        key = step or str(len(node))
        if depth == len(steps) - 1:
            node[key] = value
        else:
            node = node.setdefault(key, {})


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(_INDEX.fullmatch(key) for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(item) for key, item in value.items()}
