"""Acceptance 5: what an operation costs depends on what it selects, and not on how many rows there are."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest

from auth.grants import Grants
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from engine.engine import Engine
from models.tenant import OrgUnit
from tenancy.connection import PooledConnection
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.oracle.asking import ask
from tests.oracle.personas import in_units, viewer_of
from tests.oracle.tenant_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import strawberry

    from auth.viewer import Viewer
    from settings import Settings
    from tenancy.database import Database
    from tests.oracle.tenant_rows import TenantRows

ROWS: Final = 5_000

# Ten fields, of which four ask for more than a company does.
DOCUMENT: Final = """query($n: Int!) {
    companies(first: $n) {
        totalCount
        nodes {
            id name status sector taxId vatNumber version
            financials { creditLimit riskScore }
            contacts(first: 1) { nodes { fullName email } }
            onboardingCases(first: 1) { nodes { title assignee { fullName } } }
        }
    }
}"""

SELECTED_FIELDS: Final = 22
# Each asks once more: which rows of a type are there.
READS: Final = 4

_MANY: Final = """
WITH unit AS (SELECT array_agg(id ORDER BY id) AS ids FROM org_unit)
INSERT INTO company (id, created_at, updated_at, version, org_unit_id, name, status, tax_id, credit_limit)
SELECT gen_random_uuid(), now(), now(), 1, ids[1 + number % 2], 'Company ' || number, 'ACTIVE', 'T' || number, number
FROM unit, generate_series(1, $1::int) AS number
"""


@pytest.fixture(scope="module")
async def many(database: Database) -> TenantRows:
    """Five thousand companies in two regions."""
    placement = await create_tenant(database, "many", "Many", built_in_roles=BUILT_IN_ROLES)
    async with tenant_scope(placement, authorization_version=None) as session:
        for name in ("East", "West"):
            unit = await OrgUnit.create(name=name)
            await session.fetch(
                "INSERT INTO member (id, created_at, updated_at, version, email, full_name, active, org_unit_id)"
                " VALUES (gen_random_uuid(), now(), now(), 1, $1, $1, true, $2)",
                name,
                unit.id,
            )
        await session.fetch(_MANY, ROWS)
    return await load_rows(placement)


@pytest.fixture
def fresh(schema: strawberry.Schema, settings: Settings) -> Engine:
    """An engine that remembers nothing yet, and gives pages of any size."""
    return Engine(schema, settings.model_copy(update={"page_limit": ROWS, "limit_nodes": 10 * ROWS}))


def viewers(rows: TenantRows) -> dict[str, Viewer]:
    reading = BUILT_IN_ROLES["auditor"]
    return {
        "everywhere": viewer_of(rows, Grants(reading, {})),
        "in one region": viewer_of(rows, Grants(frozenset(), in_units(reading, rows.units_below("East")))),
        "some of each": viewer_of(
            rows,
            Grants(
                frozenset({Permission.COMPANY_READ, Permission.CONTACT_READ}),
                in_units((Permission.COMPANY_READ_TAX, Permission.COMPANY_READ_FINANCIALS), rows.units_below("East")),
            ),
        ),
    }


@contextmanager
def counted_checks() -> Iterator[Counter[str]]:
    """How often each permission is looked up in grants, in whichever way."""
    checks: Counter[str] = Counter()

    def counting(method: Any) -> Any:  # noqa: ANN401 - any method of grants
        def counted(grants: Grants, requirement: str, *rest: Any) -> Any:  # noqa: ANN401 - passed on as they come
            checks[requirement] += 1
            return method(grants, requirement, *rest)

        return counted

    with patch.object(Grants, "state", counting(Grants.state)), patch.object(Grants, "allows", counting(Grants.allows)):
        yield checks


@pytest.mark.parametrize("persona", ["everywhere", "in one region", "some of each"])
async def test_five_thousand_rows_take_as_many_permission_checks_as_three(
    persona: str, fresh: Engine, schema: strawberry.Schema, settings: Settings, many: TenantRows
) -> None:
    viewer = viewers(many)[persona]
    with counted_checks() as checks:
        asked = await ask(fresh, viewer, DOCUMENT, {"n": ROWS})
    nodes = asked.data["companies"]["nodes"]
    assert len(nodes) == (ROWS // 2 if persona == "in one region" else ROWS)
    assert 5 < sum(checks.values()) <= SELECTED_FIELDS + READS
    small = Engine(schema, settings)
    with counted_checks() as of_three:
        await ask(small, viewer, DOCUMENT, {"n": 3})
    assert of_three == checks


async def test_a_decision_is_made_once_for_a_document_and_its_grants(fresh: Engine, many: TenantRows) -> None:
    viewer = viewers(many)["in one region"]
    await ask(fresh, viewer, DOCUMENT, {"n": 3})
    with counted_checks() as checks:
        for _ in range(3):
            await ask(fresh, viewer, DOCUMENT, {"n": 3})
    assert checks == {}


async def test_pages_of_any_size_share_a_few_plans(fresh: Engine, many: TenantRows) -> None:
    """One for each power of two: PostgreSQL plans by about how many rows are wanted."""
    viewer = viewers(many)["in one region"]
    for number in range(1, 201):
        await ask(fresh, viewer, "query($n: Int!) { companies(first: $n) { nodes { id } } }", {"n": number})
    assert len(fresh._decided) == 8  # noqa: SLF001 - what is shared


async def test_errors_do_not_grow_with_the_rows_that_they_are_about(fresh: Engine, many: TenantRows) -> None:
    """Two fields are denied on half of five thousand rows: two errors, which say so."""
    viewer = viewers(many)["some of each"]
    asked = await ask(fresh, viewer, "{ companies(first: 5000) { nodes { taxId financials { creditLimit } } } }")
    assert [(each["extensions"]["field"], each["extensions"]["rows"]) for each in asked.errors] == [
        ("Company.taxId", ROWS // 2),
        ("Company.financials", ROWS // 2),
    ]


@pytest.mark.parametrize("persona", ["everywhere", "in one region", "some of each"])
async def test_three_hundred_rows_take_as_many_statements_as_three(
    persona: str, fresh: Engine, many: TenantRows
) -> None:
    viewer = viewers(many)[persona]
    three, many_rows = [await ask(fresh, viewer, DOCUMENT, {"n": number}) for number in (3, 300)]
    assert len(many_rows.data["companies"]["nodes"]) == 300
    # One statement for four levels of lists, and the same text but for about how many rows are wanted.
    assert len(three.statements) == 1
    assert three.statements == [each.replace("LIMIT 512)", "LIMIT 4)") for each in many_rows.statements]


@pytest.mark.parametrize(
    "comparison",
    [
        'name: {startsWith: "Company 1"}',
        "status: {equals: ACTIVE}",
        "status: {oneOf: [ACTIVE, SUSPENDED]}",
        "foundedYear: {atLeast: 1900}",
        'listedOn: {atMost: "2020-01-01"}',
        'creditLimit: {atLeast: "10.50"}',
    ],
)
async def test_a_filtered_page_is_read_past_the_driver(comparison: str, fresh: Engine, many: TenantRows) -> None:
    """A value without a form as text would silently take the driver's way, in twice the time."""
    document = f"{{ companies(first: 3, filter: {{{comparison}}}) {{ nodes {{ id name }} }} }}"
    with patch.object(PooledConnection, "begin_and_fetch", side_effect=AssertionError("by the driver")):
        asked = await ask(fresh, viewers(many)["everywhere"], document)
    assert not asked.errors
    assert len(asked.data["companies"]["nodes"]) == (0 if "Year" in comparison or "listed" in comparison else 3)


async def test_postgresql_plans_once_for_all_pages(fresh: Engine, many: TenantRows) -> None:
    """A limit that PostgreSQL knows nothing of made it plan each execution anew, which took longer than reading."""
    document = "query($n: Int!) { companies(first: $n) { nodes { id contacts(first: 1) { nodes { fullName } } } } }"
    for number in range(100, 120):
        await ask(fresh, viewers(many)["everywhere"], document, {"n": number})
    # The pool gives a tenant the connection that served it last.
    async with tenant_scope(many.placement, authorization_version=None, read_only=True) as session:
        plans = await session.fetch(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%full_name%LIMIT 128)%' AND statement NOT LIKE '%pg_prepared%'"
        )
    # The first run is by the statement that tenants share, the second prepares the tenant's own.
    assert sorted(tuple(each) for each in plans) == [(0, 19), (1, 0)]


async def test_grants_that_come_to_the_same_share_one_plan(fresh: Engine, many: TenantRows) -> None:
    """However many roles and regions there are: which units a permission holds in is a parameter, and not the plan."""
    east, west = many.units_below("East"), many.units_below("West")
    reading = BUILT_IN_ROLES["auditor"]
    for units in (east, west, east | west):
        viewer = viewer_of(many, Grants(frozenset(), in_units(reading, units)))
        await ask(fresh, replace(viewer), DOCUMENT, {"n": 3})
    assert len(fresh._decided) == 1  # noqa: SLF001 - what is shared
