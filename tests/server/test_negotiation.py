from __future__ import annotations

import pytest

from server.negotiation import MediaType, negotiate

GRAPHQL, JSON, HTML = MediaType.GRAPHQL_RESPONSE, MediaType.JSON, MediaType.HTML

APOLLO_CLIENT = "application/graphql-response+json,application/json;q=0.9"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("   ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ('application/json; charset="UTF-8"', JSON),
        ("application/json; charset=latin-1", None),
        ("APPLICATION/JSON", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json;q=0.1, application/json", JSON),
        ("application/graphql-response+json;q=0.5, application/json;q=0.6", JSON),
        ("application/graphql-response+json;q=0, application/json", JSON),
        ("application/json;q=0, */*", GRAPHQL),
        ("application/json;q=0, application/graphql-response+json;q=0, */*", None),
        ("application/graphql-response+json, */*", GRAPHQL),
        ("application/json, */*;q=0.1", JSON),
        ("*/*;q=0", None),
        ("application/json;q=0", None),
        ("application/json;q=nonsense", None),
        ("application/json;q=2", None),
        ("application/json;q=nan", None),
        ("text/html", None),
        ("text/event-stream", None),
        ("multipart/mixed;subscriptionSpec=1.0", None),
        ("multipart/mixed;subscriptionSpec=1.0, application/json", JSON),
        ("text/event-stream, */*;q=0.1", JSON),
        (APOLLO_CLIENT, GRAPHQL),
        (URQL, GRAPHQL),
        (",;,=,q", None),
    ],
)
def test_the_client_gets_the_type_that_it_prefers(accept: str, expected: MediaType | None) -> None:
    assert negotiate(accept, html=False) is expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (CHROMIUM, HTML),
        ("text/html", HTML),
        ("text/html, */*", HTML),
        ("text/html;q=0.9, application/json", JSON),
        ("text/html, application/json", JSON),
        ("text/html;q=0, */*", JSON),
        ("*/*", JSON),
        ("text/*", None),
        ("", JSON),
    ],
)
def test_a_page_is_only_for_who_names_it_and_prefers_it(accept: str, expected: MediaType | None) -> None:
    assert negotiate(accept, html=True) is expected


def test_a_browser_gets_json_where_there_is_no_page() -> None:
    assert negotiate(CHROMIUM, html=False) is JSON
