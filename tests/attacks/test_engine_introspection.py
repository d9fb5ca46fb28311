"""Rows G11, G12, G13, G27: what a caller can find out about the schema is what the caller can use of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    build_client_schema,
    get_introspection_query,
)

from auth.grants import Grants
from auth.permissions import PUBLIC, Permission
from auth.roles import BUILT_IN_ROLES
from schema.rules import FromColumn
from tests.oracle.asking import ask
from tests.oracle.personas import NO_GRANTS, in_units, personas, viewer_of
from tests.oracle.rights import Rights
from tests.oracle.visible import Visible

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from auth.viewer import Viewer
    from engine.engine import Engine
    from schema.declarations import Declarations
    from tests.oracle.tenant_rows import TenantRows

PERSONAS: Final = (
    "owner",
    "auditor",
    "analyst",
    "analyst in the north",
    "auditor in the south",
    "mixed",
    "without any role",
)

# Companies and nothing else; of them neither taxes nor money.
FEW: Final = Grants(frozenset({Permission.COMPANY_READ}), {})


@pytest.fixture
def few(northwind: TenantRows) -> Viewer:
    return viewer_of(northwind, FEW)


async def introspected(engine: Engine, viewer: Viewer) -> GraphQLSchema:
    asked = await ask(engine, viewer, get_introspection_query())
    assert asked.errors == ()
    return build_client_schema(asked.data)


def names(schema: GraphQLSchema) -> dict[str, list[str]]:
    """Everything that has a name: fields, arguments, input fields and enum values, by type."""
    found: dict[str, list[str]] = {}
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        members: Any = getattr(type_, "fields", None) or getattr(type_, "values", None) or {}
        found[name] = sorted(members) + sorted(
            f"{field}({argument})" for field, member in members.items() for argument in getattr(member, "args", {})
        )
    return found


@pytest.mark.parametrize("persona", PERSONAS)
async def test_g11_introspection_shows_what_is_declared_for_the_caller_and_no_more(
    persona: str, engine: Engine, declarations: Declarations, northwind: TenantRows
) -> None:
    viewer = personas(northwind)[persona]
    shown, visible = await introspected(engine, viewer), Visible(declarations, viewer.grants)
    assert set(names(shown)) == {name for name in visible.types if not name.startswith("__")}
    for name, members in names(shown).items():
        type_ = declarations.schema.type_map[name]
        expected = visible.values(type_) if isinstance(type_, GraphQLEnumType) else visible.fields(type_)
        assert [each for each in members if "(" not in each] == sorted(expected), name


@pytest.mark.parametrize("persona", PERSONAS)
async def test_g11_a_field_that_is_shown_can_be_read_and_one_that_is_not_cannot(
    persona: str, engine: Engine, declarations: Declarations, northwind: TenantRows
) -> None:
    viewer = personas(northwind)[persona]
    shown = names(await introspected(engine, viewer))
    rights = Rights(northwind, declarations, viewer.grants)
    for name in shown:
        type_ = declarations.schema.type_map[name]
        if not isinstance(type_, GraphQLObjectType):
            continue
        for field in type_.fields:
            rule, holder = declarations.field(name, field), declarations.row_type(name)
            if holder is None and isinstance(rule.origin, FromColumn):
                continue  # part of another object's row, and shown with the field that holds it
            usable = holder is None or rights.is_there(holder)
            usable = usable and not rights.is_denied_whatever_the_row(rule, holder)
            assert (field in shown[name]) is usable, f"{name}.{field}"


async def test_g11_what_takes_a_permission_everywhere_is_not_shown_to_whoever_holds_it_in_a_region(
    engine: Engine, declarations: Declarations, northwind: TenantRows
) -> None:
    grants = Grants(frozenset(), in_units(BUILT_IN_ROLES["owner"], northwind.units_below("South")))
    shown = names(await introspected(engine, viewer_of(northwind, grants)))
    mutations = declarations.schema.mutation_type
    assert mutations is not None
    rules = {name: declarations.field("Mutation", name) for name in mutations.fields}
    regional = {name for name, rule in rules.items() if rule.requires == PUBLIC or rule.checks_reach}
    assert {name.partition("(")[0] for name in shown["Mutation"]} == regional
    assert {"companyUpdate", "clientCreate"} <= regional < set(rules)


async def test_g11_a_hidden_type_is_no_type(engine: Engine, few: Viewer) -> None:
    hidden = (
        "BankAccount",
        "Contact",
        "CompanyFinancials",
        "DecimalComparison",
        "Role",
        "CompanyCreatePayload",
        "CompanyCreateInput",
    )
    for name in (*hidden, "Nothing"):
        for document, variables in (
            (f'{{ __type(name: "{name}") {{ name fields {{ name }} }} }}', None),
            ("query($n: String!) { __type(name: $n) { name } }", {"n": name}),
        ):
            asked = await ask(engine, few, document, variables)
            assert (asked.data, asked.errors) == ({"__type": None}, ())


async def test_g11_hidden_members_are_in_no_corner_of_introspection(engine: Engine, few: Viewer) -> None:
    asked = await ask(engine, few, get_introspection_query(input_value_deprecation=True))
    for hidden in (
        b"taxId",
        b"financials",
        b"CREDIT_LIMIT",
        b"bankAccounts",
        b"BankAccount",
        b"companyCreate",
        b"requires",
    ):
        assert hidden not in asked.body


async def test_g11_a_caller_without_grants_finds_what_is_everybodys_and_no_data_type(
    engine: Engine, northwind: TenantRows
) -> None:
    shown = await introspected(engine, viewer_of(northwind, NO_GRANTS))
    assert shown.mutation_type is not None
    assert shown.query_type is not None
    assert set(shown.mutation_type.fields) == {"sessionEnd", "sessionsEnd"}
    assert set(shown.query_type.fields) == {"node", "nodes", "viewer"}


async def test_g11_introspection_in_a_mutation_is_filtered_too(engine: Engine, northwind: TenantRows) -> None:
    document = "mutation { __schema { types { name fields { name } } } }"
    asked = await ask(engine, viewer_of(northwind, FEW), document)
    assert b"taxId" not in asked.body


async def test_g11_introspection_beside_data_is_filtered_and_so_are_its_fragments(engine: Engine, few: Viewer) -> None:
    document = """query($t: String! = "Company", $skip: Boolean! = false) {
        companies(first: 1) { nodes { id } }
        a: __type(name: $t) @skip(if: $skip) { ...T }
        b: __schema { queryType { ...T } mutationType { ...T } directives { name } }
    }
    fragment T on __Type { name fields { name args { name type { name ofType { name } } } } }"""
    asked = await ask(engine, few, document)
    assert asked.errors == ()
    assert [each["name"] for each in asked.data["b"]["mutationType"]["fields"]] == ["sessionEnd", "sessionsEnd"]
    assert "address" in [each["name"] for each in asked.data["a"]["fields"]]
    for hidden in (b"taxId", b"bankAccounts", b"roles", b"requires"):
        assert hidden not in asked.body


@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        '{ __type(name: "Query") { fields { type { fields { type { fields { type { name } } } } } } } }',
        """{ __schema { types { ...F } } }
        fragment F on __Type { fields { type { ...G } } }
        fragment G on __Type { fields { type { ...H } } }
        fragment H on __Type { fields { name } }""",
    ],
)
async def test_g11_introspection_does_not_go_round_in_circles(document: str, engine: Engine, few: Viewer) -> None:
    asked = await ask(engine, few, document)
    assert (asked.data, set(asked.codes)) == (None, {"GRAPHQL_VALIDATION_FAILED"})


@pytest.mark.parametrize(
    "document",
    [
        "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(4)) + " }",
        "{ __schema { types { "
        + " ".join(f"a{n}: fields {{ type {{ fields {{ name }} }} }}" for n in range(4))
        + " } } }",
        "{ __schema { types { ...F ...F } } } fragment F on __Type { a: name b: fields { c: name } }",
    ],
)
async def test_g11_the_schema_is_not_multiplied_by_aliases(document: str, engine: Engine, few: Viewer) -> None:
    asked = await ask(engine, few, document)
    assert (asked.data, asked.codes) == (None, ["OPERATION_LIMIT_EXCEEDED"])
    assert asked.errors[0]["extensions"]["limit"] == "introspection"


# Each document holds a hidden name and a made-up one of the same kind at the same place.
MISSPELT: Final = {
    "field": "{ companies(first: 1) { nodes { taxId zzzzz } } }",
    "object field": "{ companies(first: 1) { nodes { financials { riskScore } zzzzz { riskScore } } } }",
    "connection": """{
        companies(first: 1) { nodes { contacts(first: 1) { totalCount } zzzzz(first: 1) { totalCount } } }
    }""",
    "root field": "{ roles(first: 1) { totalCount } zzzzz(first: 1) { totalCount } }",
    "mutation": "mutation { companiesImport(input: {}) { __typename } zzzzz(input: {}) { __typename } }",
    "input": 'mutation { companyCreate(input: {taxId: "", zzzzz: ""}) { __typename } }',
    "input field": '{ companies(first: 1, filter: {taxId: {equals: ""}, zzzzz: {equals: ""}}) { totalCount } }',
    "enum value": """{
        a: companies(first: 1, orderBy: {field: CREDIT_LIMIT, direction: ASC}) { totalCount }
        b: companies(first: 1, orderBy: {field: ZZZZZ, direction: ASC}) { totalCount }
    }""",
    "type condition": '{ a: node(id: "") { ... on Contact { id } } b: node(id: "") { ... on ZZZZZ { id } } }',
    "fragment's type": """{ a: node(id: "") { ...A } b: node(id: "") { ...B } }
        fragment A on Contact { id }
        fragment B on ZZZZZ { id }""",
    "directive": '{ viewer { email @requires(permission: "") tenant @zzzzz(permission: "") } }',
    "variable's type": """query($a: DecimalComparison, $b: ZZZZZ) {
        companies(first: 1, filter: {taxId: $a, zzzzz: $b}) { totalCount }
    }""",
}
HIDDEN: Final = re.compile(
    r"\b(?:taxId|financials|contacts|roles|companiesImport|CREDIT_LIMIT|Contact|requires|DecimalComparison|ZZZZZ|zzzzz)\b"
)


@pytest.mark.parametrize("kind", MISSPELT)
async def test_g12_a_hidden_name_and_a_made_up_one_get_the_same_sentence(
    kind: str, engine: Engine, northwind: TenantRows
) -> None:
    few = viewer_of(northwind, Grants(FEW.everywhere | {Permission.COMPANY_WRITE}, {}))
    asked = await ask(engine, few, MISSPELT[kind])
    assert asked.data is None
    said = [said for each in asked.errors if HIDDEN.search(said := each["message"].partition(", found:")[0])]
    said = [HIDDEN.sub("…", each).replace("'$b'", "'$a'") for each in said]
    assert said
    assert all(said.count(each) % 2 == 0 for each in said), asked.messages
    for viewer in (few, personas(northwind)["owner"]):
        asked = await ask(engine, viewer, MISSPELT[kind])
        assert "did you mean" not in " ".join(asked.messages).lower()


async def test_g12_a_variable_is_refused_in_words_that_know_no_hidden_key(engine: Engine, few: Viewer) -> None:
    document = "query($f: CompanyFilter) { companies(first: 1, filter: $f) { totalCount } }"
    hidden = await ask(engine, few, document, {"f": {"taxId": 1, "yyyyy": 1}})
    made_up = await ask(engine, few, document, {"f": {"zzzzz": 1, "yyyyy": 1}})
    assert set(hidden.codes) == {"BAD_USER_INPUT"}
    assert [each.replace("taxId", "zzzzz") for each in hidden.messages] == made_up.messages


async def test_g12_a_misspelt_value_in_a_variable_is_not_mended(engine: Engine, northwind: TenantRows) -> None:
    document = """query($o: CompanyOrderField!) {
        companies(first: 1, orderBy: {field: $o, direction: ASC}) { totalCount }
    }"""
    for viewer in (viewer_of(northwind, FEW), personas(northwind)["owner"]):
        asked = await ask(engine, viewer, document, {"o": "CREDIT_LIMITT"})
        assert asked.codes == ["BAD_USER_INPUT"]
        assert asked.body.count(b"CREDIT_LIMIT") == asked.body.count(b"CREDIT_LIMITT")


NOISE: Final = (
    *("password", "secret", "salary", "user", "users", "admin", "token", "me", "balance", "ssn", "notes", "accounts"),
    *("owner", "tags", "comments", "price", "amount", "limit", "offset", "before", "last", "where", "search", "query"),
)


# What validation says of a name that is not there, in all its words.
UNKNOWN: Final = re.compile(
    r"Cannot query field '(\w+)'|Unknown type '(\w+)'|Value '(\w+)' does not exist|unknown field '(\w+)'"
)


class Prober:
    """Guesses names from a word list, many at a time, as clairvoyance does; what no error calls unknown was found."""

    def __init__(self, engine: Engine, viewer: Viewer, words: list[str]) -> None:
        self._engine = engine
        self._viewer = viewer
        self._words = words

    async def found(self, document: str, guess: str) -> set[str]:
        """The words that exist at the place of ``%`` in a document, where each stands as ``guess`` says."""
        found: set[str] = set()
        # Few at a time: a response names ten errors at most.
        for start in range(0, len(self._words), 4):
            found |= await self._known(document, guess, self._words[start : start + 4])
        return found

    async def _known(self, document: str, guess: str, words: list[str]) -> set[str]:
        # A miss in every batch: a document without one is valid, and that is another question (decision 1).
        tried = " ".join(guess.replace("@", word) for word in [*words, "zzzzz"])
        asked = await ask(self._engine, self._viewer, document.replace("%", tried))
        unknown = {name for said in asked.messages for groups in UNKNOWN.findall(said) for name in groups if name}
        assert "zzzzz" in unknown, asked.messages
        known = [word for word in words if word not in unknown]
        return set(known) if len(known) == len(words) or not known else await self._known(document, guess, known)


# The type whose members are guessed, the place where they go, and how each stands there.
PLACES: Final = {
    "fields": ("Company", "{ companies(first: 1) { nodes { % } } }", "@"),
    "root fields": ("Query", "{ % }", "@"),
    "keys of a filter": ("CompanyFilter", "{ companies(first: 1, filter: {%}) { nodes { id } } }", "@: null"),
    "types": (None, '{ node(id: "") { % } }', "... on @ { id }"),
    "sort fields": (
        "CompanyOrderField",
        "{ % }",
        "@: companies(first: 1, orderBy: {field: @, direction: ASC}) { nodes { id } }",
    ),
    "mutations": ("Mutation", "mutation { % }", "@"),
    "keys of an input": ("CompanyUpdateInput", "mutation { companyUpdate(input: {%}) { __typename } }", "@: null"),
}


@pytest.mark.parametrize("place", PLACES)
async def test_g13_a_word_list_finds_no_hidden_name(
    place: str, engine: Engine, declarations: Declarations, northwind: TenantRows
) -> None:
    """The word list is the attacker's dream: every name that there is, and some noise."""
    everywhere = FEW.everywhere | {Permission.COMPANY_WRITE}
    viewer = viewer_of(
        northwind, Grants(everywhere, in_units((Permission.ORG_UNIT_READ,), northwind.units_below("North")))
    )
    real = {member.partition("(")[0] for each in names(declarations.schema).values() for member in each}
    types = {name for name in declarations.schema.type_map if not name.startswith("__")}
    type_name, document, guess = PLACES[place]
    found = await Prober(engine, viewer, sorted(real | types | set(NOISE))).found(document, guess)
    visible = Visible(declarations, viewer.grants)
    type_ = None if type_name is None else declarations.schema.type_map[type_name]
    if type_ is None:
        expected = set(visible.types) & types
    else:
        expected = set(visible.values(type_) if isinstance(type_, GraphQLEnumType) else visible.fields(type_))
    assert found == expected
    assert len(expected) < len(real)
