"""Routing: from a request target to a row."""

from __future__ import annotations

import pytest

from ownclimate.web.routing import Routes, collapsed, segments_of


def routes(*templates: str) -> Routes[str]:
    made: Routes[str] = Routes()
    for template in templates:
        made.add(template, "GET", template)
    return made


def row_at(made: Routes[str], path: str) -> str | None:
    found = made.find(path)
    return None if found is None else found.rows["GET"]


def test_a_literal_segment_wins_over_a_parameter() -> None:
    made = routes("/users/{id}", "/users/me")

    assert row_at(made, "/users/me") == "/users/me"
    assert row_at(made, "/users/you") == "/users/{id}"


def test_when_the_literal_branch_leads_nowhere_the_parameter_is_tried() -> None:
    made = routes("/a/b/c", "/a/{x}/d")

    found = made.find("/a/b/d")

    assert found is not None
    assert found.template == "/a/{x}/d"
    assert found.values == {"x": "b"}


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("/things/12", "/things/{n:digits}"),
        ("/things/5d67ec8293d7eb0013d04f8e", "/things/{id:hex24}"),
        ("/things/5D67EC8293D7EB0013D04F8E", "/things/{name}"),
        ("/things/٣", "/things/{name}"),
        ("/things/", None),
    ],
)
def test_a_typed_parameter_admits_only_its_kind(path: str, row: str | None) -> None:
    made = routes("/things/{name}", "/things/{n:digits}", "/things/{id:hex24}")

    assert row_at(made, path) == row


def test_the_template_is_shown_without_kinds() -> None:
    found = routes("/things/{n:digits}").find("/things/1")

    assert found is not None
    assert found.template == "/things/{n}"


def test_an_encoded_slash_does_not_separate_segments() -> None:
    found = routes("/things/{name}").find("/things/a%2Fb%20c")

    assert found is not None
    assert found.values == {"name": "a/b c"}


def test_a_plus_sign_in_a_path_is_a_plus_sign() -> None:
    assert segments_of("/a+b/c%2Bd") == ["a+b", "c+d"]


def test_bytes_that_are_no_text_do_not_fail() -> None:
    assert segments_of("/%ff%00/%zz") == ["\ufffd\x00", "%zz"]


@pytest.mark.parametrize("path", ["", "/", "//", "/a", "/a/", "/a//b", "a/b"])
def test_a_path_that_no_row_has_finds_nothing(path: str) -> None:
    assert row_at(routes("/a/b"), path) == ("/a/b" if path == "a/b" else None)


def test_a_method_cannot_be_declared_twice_at_one_path() -> None:
    made = routes("/a/{x}")

    with pytest.raises(ValueError, match="declared twice"):
        made.add("/a/{y}", "GET", "again")


def test_an_unknown_kind_of_parameter_is_refused_when_the_table_is_read() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        routes("/a/{x:colour}")


def test_collapsing_drops_empty_segments() -> None:
    assert collapsed("//api///x/") == "/api/x"
    assert collapsed("/") == "/"
