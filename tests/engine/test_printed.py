"""What plans say about printing: carried out in plain Python, it comes to what they assemble, to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
import strawberry

from auth.grants import Grants
from auth.permissions import Permission
from engine.decision import FieldState
from engine.engine import Engine
from engine.instructions import Instruction
from engine.request import Request
from resolvers.reads import Nodes
from schema.rules import FromColumns
from tests.engine import test_rows_that_cannot_exist as cannot_exist
from tests.oracle.operations import NAMES, Operations
from tests.oracle.personas import NO_GRANTS, in_units, personas, viewer_of
from tests.oracle.planned import connected_to, planned_reads
from tests.oracle.printer import instructions, printed
from tests.oracle.random_arguments import RandomArguments
from tests.oracle.random_documents import RandomDocuments
from tests.oracle.random_grants import random_grants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.plan import Plan
    from schema.declarations import Declarations
    from settings import Settings
    from tests.oracle.planned import PlannedRead
    from tests.oracle.tenant_rows import TenantRows

SEED: Final = 2026
DOCUMENTS: Final = 120

# What PostgreSQL may give in each form, by its names of the types.
TEXT_FORM: Final = frozenset({"text", "varchar", "uuid", "numeric"})
BINARY_FORM: Final = frozenset({"bool", "int2", "int4", "int8", "timestamptz", "record", "record[]", "text[]"})

LITERAL, TEXT, INTEGER, SEQUENCE = Instruction.LITERAL, Instruction.TEXT, Instruction.INTEGER, Instruction.SEQUENCE


@dataclass(frozen=True)
class Printing:
    """Runs plans both ways.

    Attributes:
        plain: a connection for the statement.
        bare: one that has the text form of keys and numbers, for the other one.
    """

    engine: Engine
    plain: Any
    bare: Any

    async def agreed(self, request: Request, viewer: Viewer) -> list[PlannedRead]:
        """The plans of an operation, each of which prints what it assembles, if it prints anything."""
        reads = await planned_reads(self.engine, request, viewer)
        for each in reads:
            if each.plan.printed is None:
                assert (each.plan.bare, each.plan.formats) == (None, ())
                assert each.plan.statement is None or takes_python(each), each.field.coordinate
            else:
                await self._agreed(each)
        return reads

    async def _agreed(self, read: PlannedRead) -> None:
        plan = read.plan
        assert plan.printed is not None
        assert plan.statement is not None
        assert plan.bare is not None
        rows = await self.plain.fetch(plan.statement, *read.arguments)
        assembled, counted = read.state(), read.state()
        expected = orjson.dumps(plan.assemble(rows, assembled))
        assert printed(plan.printed, rows, counted) == expected
        assert counted.denied == assembled.denied
        await self._agreed_bare(read, expected)

    async def _agreed_bare(self, read: PlannedRead, expected: bytes) -> None:
        plan = read.plan
        assert plan.printed is not None
        assert without_some_casts(plan.statement, plan.bare)
        statement = await self.bare.prepare(plan.bare)
        for form, attribute in zip(plan.formats, statement.get_attributes(), strict=True):
            assert attribute.type.name in (BINARY_FORM if form else TEXT_FORM)
        assert printed(plan.printed, await statement.fetch(*read.arguments), read.state()) == expected


def takes_python(read: PlannedRead) -> bool:
    """Whether there is something in a field that is computed, or found by ids of any type."""
    decided = read.run.decided
    below = [read.field]
    while below:
        field = below.pop()
        reading = decided.operation.readings[field.index]
        if reading is not None and isinstance(reading.read, Nodes):
            return True
        if decided.decision.fields[field.index] is not FieldState.DENIED:
            if field.rule is not None and isinstance(field.rule.origin, FromColumns):
                return True
            below += [each for child in field.children.values() for each in child.fields]
    return False


def without_some_casts(statement: str | None, bare: str | None) -> bool:
    """Whether a statement becomes the other one by leaving some casts to text out."""
    assert statement is not None
    assert bare is not None
    first, *rest = statement.split("::text")
    if not bare.startswith(first):
        return False
    place = len(first)
    for each in rest:
        # A cast that is left out is followed by the next column or the end of the list or of a CASE.
        cast = "::text" if bare.startswith("::text" + each, place) else ""
        if not bare.startswith(cast + each, place):
            return False
        place += len(cast + each)
    return place == len(bare)


@pytest.fixture(scope="module")
async def printing(engine: Engine, settings: Settings, northwind: TenantRows) -> AsyncIterator[Printing]:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    async with (
        connected_to(url, northwind.placement) as plain,
        connected_to(url, northwind.placement, texts=("uuid", "numeric")) as bare,
    ):
        yield Printing(engine, plain, bare)


@pytest.fixture(scope="module")
def operations(northwind: TenantRows, tailspin: TenantRows, cursors: Cursors) -> Operations:
    return Operations(northwind, tailspin, cursors)


@pytest.fixture
def owner(northwind: TenantRows) -> Viewer:
    return personas(northwind)["owner"]


@pytest.fixture
def regional(northwind: TenantRows) -> Viewer:
    """Sees every company, and of those in the north more."""
    permissions = frozenset({Permission.COMPANY_READ, Permission.CONTACT_READ, Permission.ORG_UNIT_READ})
    more = (Permission.COMPANY_READ_TAX, Permission.COMPANY_READ_FINANCIALS, Permission.BANK_ACCOUNT_READ)
    return viewer_of(northwind, Grants(permissions, in_units(more, northwind.units_below("North"))))


async def plan_of(printing: Printing, document: str, viewer: Viewer) -> Plan:
    (read,) = await printing.agreed(Request(document, "plan"), viewer)
    return read.plan


@pytest.mark.parametrize("name", NAMES)
async def test_an_operation_prints_what_it_assembles_for_everybody(
    name: str, printing: Printing, operations: Operations, northwind: TenantRows
) -> None:
    for viewer in personas(northwind).values():
        await printing.agreed(operations.request(name, viewer, northwind), viewer)


async def test_the_operations_have_every_instruction_but_few_plans_without_any(
    engine: Engine, operations: Operations, northwind: TenantRows
) -> None:
    seen: set[Instruction] = set()
    plans = []
    for name in NAMES:
        for persona in ("owner", "mixed"):
            viewer = personas(northwind)[persona]
            reads = await planned_reads(engine, operations.request(name, viewer, northwind), viewer)
            plans += [each.plan for each in reads if each.plan.statement is not None]
    for plan in plans:
        seen |= {each for each, _ in instructions(plan.printed)} if plan.printed is not None else set()
    assert seen == set(Instruction)
    assert sum(plan.printed is None for plan in plans) < len(plans) / 4


async def test_documents_and_grants_made_at_random_print_what_they_assemble(
    printing: Printing, declarations: Declarations, northwind: TenantRows, tailspin: TenantRows, cursors: Cursors
) -> None:
    random = Random(SEED)  # noqa: S311 - the same documents every time
    arguments = RandomArguments(random, declarations, northwind, tailspin, cursors)
    made = RandomDocuments(random, declarations, arguments, viewer_of(northwind, NO_GRANTS))
    count = 0
    for _ in range(DOCUMENTS):
        request = made.request()
        for _ in range(2):
            reads = await printing.agreed(request, viewer_of(northwind, random_grants(random, northwind)))
            count += sum(each.plan.printed is not None for each in reads)
    assert count > DOCUMENTS / 2


async def test_what_stands_between_two_values_is_one_literal(printing: Printing, owner: Viewer) -> None:
    document = "{ companies(first: 2) { __typename nodes { __typename number: version address { city } } } }"
    plan = await plan_of(printing, document, owner)
    head = b'{"__typename":"CompanyConnection","nodes":'
    node = (
        (LITERAL, b'{"__typename":"Company","number":'),
        (INTEGER, 0),
        (LITERAL, b',"address":{"city":'),
        (TEXT, 1),
        (LITERAL, b"}}"),
    )
    body = ((LITERAL, head), (Instruction.EACH, (SEQUENCE, node)), (LITERAL, b"}"))
    assert plan.printed == (Instruction.ROWS, 0, (), (SEQUENCE, body))
    assert plan.formats == (1, 0)
    assert plan.bare == plan.statement


async def test_postgresql_is_asked_for_the_text_form_of_keys_and_numbers_where_it_can_be(
    printing: Printing, regional: Viewer
) -> None:
    document = """{ companies(first: 2, orderBy: {field: NAME, direction: ASC}) { edges { cursor node {
        id createdAt listedOn financials { creditLimit } contacts(first: 1) { nodes { id } }
    } } } }"""
    plan = await plan_of(printing, document, regional)
    assert plan.bare is not None
    key, of_contact = plan.bare.split("ARRAY[")
    assert 't1."id"::text' not in key
    assert 't1."name"::text' in key
    assert 'THEN t1."credit_limit" END' in key
    assert of_contact.startswith('t2."id"::text]::text[]')
    # The name, which is the cursor's; the key; then each value, or what says whether it is in reach.
    assert plan.formats == (0, 0, 1, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("selected", "is_array"),
    [
        ("name legalName", 1),
        ("name id", 1),
        ("name version", 0),
        ("name contacts(first: 1) { nodes { id } }", 0),
        ("__typename", 0),
    ],
)
async def test_a_row_in_a_row_is_told_to_be_what_all_its_columns_make_it(
    selected: str, is_array: int, printing: Printing, owner: Viewer
) -> None:
    plan = await plan_of(printing, f"{{ companies(first: 9) {{ nodes {{ parent {{ {selected} }} }} }} }}", owner)
    assert plan.printed is not None
    (told,) = [operands[2] for each, operands in instructions(plan.printed) if each is Instruction.ONE]
    assert told == is_array


async def test_a_counted_page_is_in_the_first_row(printing: Printing, owner: Viewer) -> None:
    plan = await plan_of(printing, "{ companies(first: 2) { totalCount nodes { id } } }", owner)
    assert plan.printed is not None
    (first, _), (page, (rows, total, *_)), *_ = instructions(plan.printed)
    assert (first, page, rows, total) == (Instruction.FIRST, Instruction.PAGE, 0, 1)
    assert plan.formats == (1, 1)
    assert plan.bare == plan.statement


async def test_a_row_without_a_value_is_still_asked_for_in_some_form(printing: Printing, owner: Viewer) -> None:
    plan = await plan_of(printing, "{ companies(first: 2) { nodes { __typename } } }", owner)
    assert plan.formats == (1,)


async def test_what_nobody_of_a_page_has_is_counted_once_for_all(printing: Printing, northwind: TenantRows) -> None:
    viewer = viewer_of(northwind, Grants(frozenset({Permission.COMPANY_READ}), {}))
    (read,) = await printing.agreed(
        Request("{ companies(first: 3) { nodes { name taxId parent { taxId } } } }", "denied"), viewer
    )
    assert read.plan.printed is not None
    told = dict(instructions(read.plan.printed))
    index = next(each.index for each in read.field.child.fields[0].child.fields if each.name == "taxId")
    assert told[Instruction.ROWS][1] == (index,)
    assert Instruction.DENIED in told


async def test_pages_of_rows_that_cannot_exist_are_printed_empty(
    settings: Settings, printing: Printing, northwind: TenantRows
) -> None:
    engine = Engine(strawberry.Schema(cannot_exist.Query), settings)
    viewer = viewer_of(northwind, Grants(frozenset({Permission.MEMBER_READ, Permission.ORG_UNIT_READ}), {}))
    plan = await plan_of(Printing(engine, printing.plain, printing.bare), cannot_exist.DOCUMENT, viewer)
    assert plan.printed is not None
    assert (Instruction.PAGE, -1, -1) in [(each, *operands[:2]) for each, operands in instructions(plan.printed)]


@pytest.mark.parametrize(
    "document",
    [
        "{ onboardingCases(first: 2) { nodes { title nextStates } } }",
        "{ companies(first: 2) { nodes { onboardingCases(first: 2) { nodes { isOverdue } } } } }",
        "{ auditEvents(first: 2) { nodes { details } } }",
        '{ node(id: "") { id } }',
    ],
)
async def test_what_takes_python_is_not_printed(document: str, printing: Printing, owner: Viewer) -> None:
    plan = await plan_of(printing, document, owner)
    assert plan.statement is not None
    assert plan.printed is None
