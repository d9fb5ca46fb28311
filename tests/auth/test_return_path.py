"""Row O20: after signing in, a person lands on a page of ours."""

from __future__ import annotations

import pytest

from auth.sso.return_path import DEFAULT_RETURN_PATH, return_path


@pytest.mark.parametrize("wanted", ["/graphql", "/docs", "/auth/session", "/graphql?query=%7Bviewer%7D&x=1"])
def test_a_page_of_ours_is_where_one_lands(wanted: str) -> None:
    assert return_path(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "\\\\evil.example",
        "\\evil",
        "/\\evil.example",
        "/graphql\\@evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "/%09/evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/graphql//evil.example",
        "/graphql/../../evil",
        "/graphqlevil",
        "/graphql@evil.example",
        "/graphql:80@evil.example",
        "/graphql\n",
        "/graphql\r\nLocation: https://evil.example",
        "/graphql?x=\r\nSet-Cookie: a=b",
        "/graphql?x=<script>",
        "/graphql#fragment",
        "graphql",
        "/auth/logout",
        "/auth/login?next=//evil.example",
        "/graphql?" + "x" * 3_000,
        "/\uff47raphql",
    ],
)
def test_o20_any_other_place_becomes_the_start_page(wanted: str | None) -> None:
    assert return_path(wanted) == DEFAULT_RETURN_PATH
