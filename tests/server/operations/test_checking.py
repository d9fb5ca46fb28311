from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from server.operations.checking import Checking
from tests.server.wire import development_settings

if TYPE_CHECKING:
    import strawberry

TEXT = "query A { __typename }"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.fixture(scope="module")
def checking(schema: strawberry.Schema) -> Checking:
    return Checking(schema, development_settings(limit_body_bytes=10_000, limit_depth=3))


@pytest.mark.parametrize("identifier", [f"sha256:{DIGEST}", DIGEST, "1", "q/A.v2", "aGVsbG8+/w==", "x-ours:1"])
def test_ids_of_every_tool_are_taken(checking: Checking, identifier: str) -> None:
    assert checking.problems_to_publish(identifier, TEXT) == []


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("", TEXT),
        ("a b", TEXT),
        ("md5:a", TEXT),
        ("a" * 161, TEXT),
        (f"sha256:{DIGEST.upper()}", TEXT),
        (f"sha256:{DIGEST}", f"{TEXT}\n"),
        (DIGEST, f"{TEXT}\n"),
    ],
)
def test_an_id_that_is_none_or_not_of_the_text_is_refused(checking: Checking, identifier: str, text: str) -> None:
    assert len(checking.problems_to_publish(identifier, text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{ nothing }",
        "fragment A on Company { name }",
        "type Query { a: Int }",
        "query A { __typename } query A { __typename }",
        "{ companies(first: 1) { nodes { parent { parent { name } } } } }",
        "{ __typename " + "#" * 10_000 + "\n}",
        '{ node(id: "\0") { id } }',
        '{ node(id: "\\u0000") { id } }',
        "{ " + " ".join(f"a{number}: __typename" for number in range(31)) + " }",
    ],
)
def test_what_the_engine_would_refuse_is_refused_with_a_reason(checking: Checking, text: str) -> None:
    assert checking.problems(text)


def test_a_reason_says_where(checking: Checking) -> None:
    (problem,) = checking.problems("{\n  nothing\n}")
    assert problem.endswith("(line 2, column 3)")
