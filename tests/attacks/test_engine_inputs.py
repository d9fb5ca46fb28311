"""P12: whatever a mutation is given, nothing is written that its caller may not write, and never half of it.

Inputs and grants are made at random from the schema. What was written is seen in the rows, before and after.
"""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
)

from auth.grants import Grants
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from errors import ErrorCode
from models.tenant import Company, Member, OnboardingCase, OnboardingCaseState, OrgUnit
from tenancy.provisioning import create_tenant
from tests.oracle.asking import ask
from tests.oracle.personas import in_units, viewer_of
from tests.oracle.random_grants import random_grants
from tests.oracle.reading import encode
from tests.oracle.rights import Rights
from tests.oracle.seeding import seed
from tests.oracle.tenant_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql import GraphQLInputType
    from tortoise.models import Model

    from engine.engine import Engine
    from schema.declarations import Declarations
    from tenancy.database import Database
    from tests.oracle.asking import Asked
    from tests.oracle.tenant_rows import TenantRows

SEED: Final = int(os.environ.get("FIELDGATE_TEST_SEED", "2026"))
TIMES: Final = int(os.environ.get("FIELDGATE_TEST_INPUTS", "80"))

MUTATIONS: Final = {
    "companyCreate": "company { id version taxId } userErrors { code field message }",
    "companyUpdate": "company { id version taxId } userErrors { code field message }",
    "companiesImport": "created updated unchanged rejected userErrors { code field message }",
    "onboardingCaseOpen": "onboardingCase { id state } userErrors { code field message }",
    "onboardingCaseAdvance": "onboardingCase { id state } userErrors { code field message }",
}
WRITING: Final = {
    "tax_id": Permission.COMPANY_WRITE_TAX,
    "vat_number": Permission.COMPANY_WRITE_TAX,
    "credit_limit": Permission.COMPANY_WRITE_CREDIT,
    "credit_currency": Permission.COMPANY_WRITE_CREDIT,
    "risk_score": Permission.COMPANY_WRITE_CREDIT,
}
# Columns that nobody writes: they follow from the others.
FOLLOWING: Final = frozenset({"id", "created_at", "updated_at", "version", "closed_at"})
DECIDED: Final = {OnboardingCaseState.APPROVED, OnboardingCaseState.REJECTED}

# What a key takes, by its name; any other text is as good as another.
SENSIBLE: Final[dict[str, object]] = {
    "country": "DE",
    "creditCurrency": "EUR",
    "vatNumber": "DE136695976",
    "taxId": None,
    "lei": "5493001KJTIIGC8Y1R12",
    "cik": "0000320193",
    "website": "https://example.org",
    "foundedYear": 1999,
    "riskScore": 50,
    "creditLimit": "100.10",
    "postalCode": "10115",
}
TEXTS: Final = (
    *("", " ", "x" * 5_000, "\x00", "a\nb", "\u202e", "e\u0301", "ref-1", "ref-2", "'; DROP TABLE company; --", None),
)


class RandomInputs:
    """Makes the input of a mutation, mostly sensible."""

    def __init__(self, random: Random, rows: TenantRows) -> None:
        self._random = random
        self._rows = rows

    def make(self, type_: GraphQLInputType, name: str = "", parent: str = "") -> object:
        nullable = get_nullable_type(type_)
        if isinstance(nullable, GraphQLList):
            return [self.make(nullable.of_type, name, parent) for _ in range(self._random.randint(0, 3))]
        named = get_named_type(nullable)
        if isinstance(named, GraphQLInputObjectType):
            return {
                key: self.make(field.type, key, named.name)
                for key, field in named.fields.items()
                if self._random.random() < (0.97 if is_required_input_field(field) else 0.2)
            }
        if isinstance(named, GraphQLEnumType):
            return self._random.choice([*named.values])
        return self._scalar(named.name, name, parent)

    def _scalar(self, type_name: str, name: str, parent: str) -> object:
        if type_name == "ID":
            return self._id(name, parent)
        if self._random.random() < 0.85 and type_name != "Boolean":
            plain = {"String": f"Acme {self._random.randint(1, 99)}", "Int": 1, "Date": "2020-01-01", "Decimal": "1.00"}
            return SENSIBLE.get(name, plain[type_name])
        return {
            "String": self._random.choice(TEXTS),
            "Int": self._random.choice([0, 1, 2, 3, -1, 1999, 32_768, 2**31 - 1, None]),
            "Boolean": self._random.choice([True, False]),
            "Date": self._random.choice(["2020-01-01", "0001-01-01", "9999-12-31", None]),
            "Decimal": self._random.choice(["1.00", "-1", "1e30", "NaN", "0.001", None]),
        }[type_name]

    def _id(self, name: str, parent: str) -> str | None:
        models: Mapping[str, Any] = {
            "orgUnitId": OrgUnit,
            "assigneeId": Member,
            "id": OnboardingCase if "Case" in parent else Company,
        }
        if self._random.random() < 0.05:
            return self._random.choice(["", "x", None])
        model = models.get(name, Company)
        return encode(model.__name__, self._random.choice(self._rows.tables[model]))

    def with_present_version(self, given: Any) -> Any:  # noqa: ANN401 - an input
        """Mostly with the version that its row has, without which nothing else of it is looked at."""
        for model in (Company, OnboardingCase):
            for row in self._rows.tables[model]:
                if given.get("id") == encode(model.__name__, row) and self._random.random() < 0.9:
                    return {**given, "version": row["version"]}
        return given


def mostly_writing(random: Random, rows: TenantRows) -> Grants:
    """Any grants, and to most callers the permissions to write in some units or everywhere, but for one of them."""
    grants = random_grants(random, rows)
    if random.random() < 0.2:
        return grants
    writing = {each for each in Permission if ":read" not in each} | {Permission.COMPANY_READ}
    writing.discard(random.choice(sorted(writing)))
    if random.random() < 0.5:
        return Grants(grants.everywhere | writing, grants.in_units)
    units = rows.units_below(random.choice(["Head office", "North", "South"]))
    return Grants(grants.everywhere - writing, {**grants.in_units, **in_units(writing, units)})


def changes(
    before: TenantRows, after: TenantRows, model: type[Model]
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any]]]:
    """(row before, row after) for each that is new or not as it was. Nothing is ever deleted."""
    assert before.keys[model].keys() <= after.keys[model].keys()
    for key, row in after.keys[model].items():
        old = before.keys[model].get(key)
        if old is None or any(row[column] != old[column] for column in row if "::" not in column):
            yield old, row


def assert_permitted(before: TenantRows, after: TenantRows, declarations: Declarations, grants: Grants) -> int:
    """That everything which was written was the caller's to write; how many rows that were."""
    now, then = Rights(after, declarations, grants), Rights(before, declarations, grants)
    written = 0
    for old, row in changes(before, after, Company):
        written += 1
        for column in {name for name in row if "::" not in name} - FOLLOWING:
            was = None if old is None else old[column]
            if row[column] != was:
                requires = WRITING.get(column, Permission.COMPANY_WRITE)
                assert now.holds(requires, Company, row), column
                assert old is None or then.holds(requires, Company, old), column
        assert old is None or row["version"] == old["version"] + 1
    for old, row in changes(before, after, OnboardingCase):
        written += 1
        assert now.holds(Permission.ONBOARDING_CASE_WRITE, OnboardingCase, row)
        if row["state"] in DECIDED and (old is None or old["state"] != row["state"]):
            assert now.holds(Permission.ONBOARDING_CASE_APPROVE, OnboardingCase, row)
    return written


def assert_whole(name: str, asked: Asked, written: int) -> None:
    """That what is said to have failed has changed nothing."""
    payload = None if asked.data is None else asked.data[name]
    if payload is None:
        assert written == 0
    elif name == "companiesImport":
        assert written <= payload["created"] + payload["updated"]
    elif payload["userErrors"]:
        assert written == 0


@pytest.fixture(scope="module")
async def written_to(database: Database) -> TenantRows:
    """A tenant to be written to."""
    placement = await create_tenant(database, "written-to", "Written to", built_in_roles=BUILT_IN_ROLES)
    await seed(placement, Random(5), companies=25)  # noqa: S311 - the same rows every time
    return await load_rows(placement)


@pytest.mark.parametrize("name", MUTATIONS)
async def test_p12_nothing_is_written_that_its_caller_may_not_write(
    name: str, engine: Engine, declarations: Declarations, written_to: TenantRows
) -> None:
    mutation = declarations.schema.mutation_type
    assert mutation is not None
    type_ = mutation.fields[name].args["input"].type
    document = f"mutation($input: {type_}) {{ {name}(input: $input) {{ {MUTATIONS[name]} }} }}"
    random = Random(f"{SEED} {name}")  # noqa: S311 - the same inputs every time
    rows, written = await load_rows(written_to.placement), 0
    for _ in range(TIMES):
        inputs = RandomInputs(random, rows)
        given = inputs.with_present_version(inputs.make(type_))
        grants = mostly_writing(random, rows)
        asked = await ask(engine, viewer_of(rows, grants), document, {"input": given})
        assert set(asked.codes) <= {*ErrorCode} - {ErrorCode.INTERNAL_SERVER_ERROR}, (given, asked.errors)
        after = await load_rows(written_to.placement)
        changed = assert_permitted(rows, after, declarations, grants)
        assert_whole(name, asked, changed)
        written, rows = written + changed, after
    assert written > 0
