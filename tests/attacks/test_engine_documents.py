"""Rows G1 to G6, G16, G25, G27: documents that are meant to cost. All are refused before a statement is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from graphql import parse

from engine.limits import _Measure, _Merging, exceeded
from tests.oracle.asking import ask
from tests.oracle.personas import personas

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.engine import Engine
    from settings import Settings
    from tests.oracle.tenant_rows import TenantRows

LIMIT: Final = "OPERATION_LIMIT_EXCEEDED"
INVALID: Final = "GRAPHQL_VALIDATION_FAILED"


@pytest.fixture
def owner(northwind: TenantRows) -> Viewer:
    return personas(northwind)["owner"]


def chain(links: int, body: str, last: str) -> str:
    """Fragments that each hold the next one, in ``body`` at each ``%``."""
    fragments = [f"fragment F{n} on Company {{ {body.replace('%', f'...F{n + 1}')} }}" for n in range(links)]
    return "\n".join(
        ["{ companies(first: 1) { nodes { ...F0 } } }", *fragments, f"fragment F{links} on Company {last}"]
    )


async def refused(engine: Engine, viewer: Viewer, document: str, limit: str, **variables: object) -> str:
    """That a document is refused by one limit, at no cost; the message."""
    asked = await ask(engine, viewer, document, variables)
    assert (asked.data, asked.codes, len(asked.statements)) == (None, [LIMIT], 0)
    assert asked.errors[0]["extensions"].get("limit", limit) == limit
    return asked.messages[0]


async def test_g1_a_hundred_and_one_aliases_are_one_error_and_no_statement(engine: Engine, owner: Viewer) -> None:
    fields = " ".join(f"a{n}: viewer {{ email }}" for n in range(101))
    await refused(engine, owner, f"{{ {fields} }}", "aliases")


async def test_g1_a_hundred_and_one_aliased_mutations_change_nothing(engine: Engine, owner: Viewer) -> None:
    fields = " ".join(f'a{n}: companyCreate(input: {{name: "x"}}) {{ __typename }}' for n in range(101))
    await refused(engine, owner, f"mutation {{ {fields} }}", "aliases")


async def test_g2_aliases_in_fragments_are_counted_where_they_are_spread(engine: Engine, owner: Viewer) -> None:
    spreads = " ".join(f"a{n}: parent {{ ...F }}" for n in range(14))
    aliases = " ".join(f"b{n}: name" for n in range(14))
    document = f"{{ companies(first: 1) {{ nodes {{ {spreads} }} }} }} fragment F on Company {{ {aliases} }}"
    assert "210" in await refused(engine, owner, document, "aliases")


@pytest.mark.parametrize("last", ["{ id }", "{ id @skip(if: true) }", "{ ...Nothing }", "{ ...F0 }"])
async def test_g3_a_fragment_bomb_is_read_once_and_not_expanded(last: str, settings: Settings) -> None:
    """Two to the sixtieth fields in 700 tokens. What counts is how often a selection is looked at, not how long."""
    bomb = parse(chain(60, "% %", last))
    looks = 0

    def counting(function: Any) -> Any:  # noqa: ANN401 - any method
        def counted(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - any method
            nonlocal looks
            looks += 1
            return function(*args, **options)

        return counted

    with (
        patch.object(_Measure, "selections", counting(_Measure.selections)),
        patch.object(_Merging, "merge", counting(_Merging.merge)),
        patch.object(_Merging, "_collect", counting(_Merging._collect)),  # noqa: SLF001 - its work is what is counted
    ):
        errors = exceeded(bomb, settings)
    assert bool(errors) is ("id" in last)
    assert 60 < looks < 500


async def test_g3_a_fragment_bomb_is_never_validated(engine: Engine, owner: Viewer) -> None:
    with patch("engine.documents.validate", side_effect=AssertionError):
        await refused(engine, owner, chain(60, "% %", "{ id }"), "fields")


async def test_g3_circles_through_twenty_aliases_end(engine: Engine, owner: Viewer) -> None:
    body = " ".join(f"a{n}: parent {{ ...F }}" for n in range(20))
    asked = await ask(
        engine, owner, f"{{ companies(first: 1) {{ nodes {{ ...F }} }} }} fragment F on Company {{ {body} }}"
    )
    assert set(asked.codes) == {INVALID}


@pytest.mark.parametrize("links", [1, 2, 30, 200])
async def test_g4_a_circle_of_fragments_is_a_validation_error(links: int, engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, chain(links, "%", "{ ...F0 }"))
    assert (asked.data, set(asked.codes), asked.statements) == (None, {INVALID}, [])


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("{ companies(first: 1) { nodes " + "{ parent " * 60 + "{ id }" + " }" * 62, id="direct"),
        pytest.param(chain(30, "parent { % }", "{ id }"), id="chained fragments"),
        pytest.param(
            "{ companies(first: 1) { nodes " + "{ ... on Company { parent " * 20 + "{ id }" + " } }" * 20 + " } }",
            id="inline fragments",
        ),
        pytest.param("subscription " + "{ a " * 60 + "}" * 60, id="subscription"),
        pytest.param("{ __schema { types " + "{ ofType " * 60 + "{ name }" + " }" * 62, id="introspection"),
    ],
)
async def test_g5_depth_is_found_wherever_it_hides(document: str, engine: Engine, owner: Viewer) -> None:
    await refused(engine, owner, document, "depth")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            "{ companies(first: 1) { nodes { ...F } } } fragment F on Company " + "{ ... " * 90 + "{ id }" + " }" * 90,
            id="inline",
        ),
        pytest.param("{ nodes(ids: " + "[" * 90 + '"x"' + "]" * 90 + ") { id } }", id="list"),
        pytest.param("query($x: " + "[" * 90 + "ID" + "]" * 90 + ") { nodes(ids: $x) { id } }", id="type"),
        pytest.param(
            "{ companies(first: 1, filter: " + "{name: " * 90 + '""' + "}" * 90 + ") { nodes { id } } }", id="object"
        ),
        pytest.param(chain(180, "%", "{ id }"), id="fragments"),
    ],
)
async def test_g5_nesting_of_any_kind_is_answered_and_never_raises(
    document: str, engine: Engine, owner: Viewer
) -> None:
    asked = await ask(engine, owner, document)
    assert asked.data is not None or set(asked.codes) <= {LIMIT, INVALID}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("{ companies(first: 1) { nodes { " + "name " * 5_000 + "} } }", id="5,000 times the same field"),
        pytest.param("{ viewer { email " + "@skip(if: false) " * 500 + "} }", id="500 times the same directive"),
        pytest.param(
            "{ viewer { email " + " ".join(f"@d{n}" for n in range(500)) + " } }", id="500 unknown directives"
        ),
        pytest.param("{ viewer { " + " ".join(f"x{n}" for n in range(1_900)) + " } }", id="1,900 unknown fields"),
        pytest.param("{ companies(first: 1) { nodes { " + "name " * 1_900 + "} } }", id="1,900 times the same field"),
        pytest.param(
            "{ companies(first: 1) { nodes { " + "address { city } " * 300 + "} } }", id="300 times an object"
        ),
        pytest.param("#" * 100_000, id="a comment"),
    ],
)
async def test_g6_repetition_is_answered_by_a_few_errors_and_bytes(
    document: str, engine: Engine, owner: Viewer
) -> None:
    asked = await ask(engine, owner, document)
    assert asked.data is None
    assert 1 <= len(asked.errors) <= 11
    assert len(asked.body) < 4_000
    assert asked.statements == []


async def test_g6_what_grows_with_the_square_is_refused_before_validation_compares_it(
    engine: Engine, owner: Viewer
) -> None:
    with patch("engine.documents.validate", side_effect=AssertionError):
        await refused(
            engine,
            owner,
            "{ companies(first: 1) { nodes { " + "address { city } " * 300 + "} } }",
            "pairs of the same field",
        )


async def test_g6_a_hundred_of_the_same_field_are_no_attack(engine: Engine, owner: Viewer) -> None:
    """Components that each ask for what they need make such documents."""
    fragments = " ".join(f"fragment F{n} on Company {{ id name }}" for n in range(50))
    spreads = " ".join(f"...F{n}" for n in range(50))
    asked = await ask(engine, owner, f"{{ companies(first: 1) {{ nodes {{ {spreads} }} }} }} {fragments}")
    assert asked.errors == ()
    assert asked.data["companies"]["nodes"][0]["name"]


async def test_g6_root_fields_in_fragments_are_root_fields(engine: Engine, owner: Viewer) -> None:
    fields = " ".join(f"a{n}: viewer {{ email }}" for n in range(25))
    await refused(engine, owner, f"{{ ...F }} fragment F on Query {{ {fields} }}", "root fields")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("", INVALID),
        ("(first: null)", INVALID),
        ("(first: 101)", LIMIT),
        ("(first: 2147483647)", LIMIT),
        ("(first: 0)", "BAD_USER_INPUT"),
        ("(first: -1)", "BAD_USER_INPUT"),
        ("(first: -2147483648)", "BAD_USER_INPUT"),
        ("(first: 1, last: 1)", INVALID),
        ("(last: 1)", INVALID),
    ],
)
async def test_g16_a_page_has_a_size_and_a_modest_one(arguments: str, code: str, engine: Engine, owner: Viewer) -> None:
    for document in (
        f"{{ companies{arguments} {{ nodes {{ id }} }} }}",
        f"{{ companies(first: 1) {{ nodes {{ contacts{arguments} {{ nodes {{ id }} }} }} }} }}",
        f'{{ node(id: "x") {{ ... on Company {{ contacts{arguments} {{ nodes {{ id }} }} }} }} }}',
    ):
        asked = await ask(engine, owner, document)
        assert (asked.data, set(asked.codes), asked.statements) == (None, {code}, [])


@pytest.mark.parametrize("size", [101, 0, -1])
async def test_g16_the_same_holds_for_a_size_in_a_variable(size: int, engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, "query($n: Int!) { companies(first: $n) { nodes { id } } }", {"n": size})
    assert (asked.data, asked.statements) == (None, [])


@pytest.mark.parametrize("directive", ["@defer", "@stream(initialCount: 0)", '@defer(label: "x")'])
async def test_g27_nothing_is_delivered_in_parts(directive: str, engine: Engine, owner: Viewer) -> None:
    for place in ("nodes %", "... %", "nodes { contacts(first: 1) { nodes % } }"):
        selected = place.replace("%", directive) + ("" if "contacts" in place else " { __typename }")
        asked = await ask(engine, owner, f"{{ companies(first: 1) {{ {selected} }} }}")
        assert (asked.data, set(asked.codes), asked.statements) == (None, {INVALID}, [])


NESTED: Final = (
    "{ companies(first: 100) { %s { subsidiaries(first: 100) { nodes { contacts(first: 100) { nodes { id } } } } } } }"
)


@pytest.mark.parametrize("through", ["nodes", "edges { node", "a: nodes"])
async def test_g16_a_million_nodes_are_refused_before_anything_runs(
    through: str, engine: Engine, owner: Viewer
) -> None:
    document = NESTED % through + (" }" if "edges" in through else "")
    asked = await ask(engine, owner, document)
    assert (asked.data, asked.codes, asked.statements) == (None, [LIMIT], [])


async def test_g16_many_pages_beside_each_other_count_together(engine: Engine, owner: Viewer) -> None:
    pages = " ".join(f"a{n}: contacts(first: 100) {{ nodes {{ id }} }}" for n in range(10))
    asked = await ask(engine, owner, f"{{ companies(first: 100) {{ nodes {{ {pages} }} }} }}")
    assert (asked.data, asked.codes, asked.statements) == (None, [LIMIT], [])


async def test_g16_too_many_ids_are_refused(engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * 101})
    assert (asked.data, asked.codes, asked.statements) == (None, [LIMIT], [])


TWO: Final = "query A { viewer { email } } query B { viewer { tenant } } mutation C { __typename }"


async def test_g25_only_the_operation_that_is_named_runs(engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, TWO, operation_name="B")
    assert asked.data == {"viewer": {"tenant": "northwind"}}
    assert asked.errors == ()


@pytest.mark.parametrize("name", ["D", "", "a", "A ", "__proto__", None])
async def test_g25_a_name_that_is_not_in_the_document_runs_nothing(
    name: str | None, engine: Engine, owner: Viewer
) -> None:
    asked = await ask(engine, owner, TWO, operation_name=name)
    assert (asked.data, asked.codes, asked.statements) == (None, ["BAD_USER_INPUT"], [])


async def test_g25_a_name_does_not_choose_what_the_method_forbids(engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, TWO, operation_name="C", queries_only=True)
    assert (asked.data, asked.statements) == (None, [])


async def test_g25_the_limits_hold_for_operations_that_are_not_named_too(engine: Engine, owner: Viewer) -> None:
    aliases = " ".join(f"a{n}: viewer {{ email }}" for n in range(31))
    asked = await ask(engine, owner, f"query A {{ viewer {{ email }} }} query B {{ {aliases} }}", operation_name="A")
    assert (asked.data, asked.codes) == (None, [LIMIT])
