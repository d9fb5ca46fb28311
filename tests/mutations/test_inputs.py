"""What the inputs declare fits the tables and the types that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from strawberry.types.base import get_object_definition

from auth.permissions import Permission
from models.tenant import Company
from schema.build import build_schema
from schema.companies_import import CompanyImportRow
from schema.company_changes import (
    CompanyAddressInput,
    CompanyCreateInput,
    CompanyFinancialsInput,
    CompanyUpdateInput,
)
from schema.declarations import Declarations
from schema.rules import FIELD_RULE
from schema.written import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auth.permissions import Requirement

LOOKED_UP = {"id", "version", "org_unit_id", "parent_id"}
INPUTS = (CompanyCreateInput, CompanyUpdateInput, CompanyImportRow, CompanyAddressInput, CompanyFinancialsInput)


def plain_keys(input_type: type) -> Iterator[tuple[str, Requirement]]:
    """Column and permission of each key that holds a value and no further input."""
    for field in get_object_definition(input_type, strict=True).fields:
        rule = field.metadata[FIELD_RULE]
        if field.python_name not in {"address", "financials"}:
            yield rule.column or field.python_name, rule.requires


@pytest.mark.parametrize("input_type", INPUTS)
def test_every_key_writes_a_column(input_type: type) -> None:
    columns = {column for column, _ in plain_keys(input_type)}
    assert columns - LOOKED_UP <= Company._meta.fields_map.keys()  # noqa: SLF001 - Tortoise names its public description so


@pytest.mark.parametrize("input_type", INPUTS)
def test_what_takes_more_to_read_takes_more_to_write(input_type: type) -> None:
    declarations = Declarations(build_schema()._schema)  # noqa: SLF001 - Strawberry has no public name for it
    for column, requirement in plain_keys(input_type):
        reads = declarations.requirements(Company, column)
        if reads and Permission.COMPANY_READ not in reads:
            assert requirement != Permission.COMPANY_WRITE, column


def test_what_was_left_out_is_not_there_and_null_is() -> None:
    seen = written(CompanyUpdateInput, {"id": "x", "version": 1, "sector": "Trade", "name": None})
    assert dict(seen.values) == {"id": "x", "version": 1, "name": None, "sector": "Trade"}
    assert seen.paths["sector"] == ("input", "sector")
    assert seen.writers["sector"] == seen.requirements["CompanyUpdateInput.sector"] == Permission.COMPANY_WRITE


def test_a_nested_input_is_laid_flat_and_asked_for_twice() -> None:
    seen = written(CompanyUpdateInput, {"id": "x", "version": 1, "financials": {"riskScore": 7}})
    assert seen.values["risk_score"] == 7
    assert "credit_limit" not in seen.values
    assert seen.paths["risk_score"] == ("input", "financials", "riskScore")
    assert seen.requirements["CompanyUpdateInput.financials"] == Permission.COMPANY_WRITE_CREDIT
    assert seen.requirements["CompanyFinancialsInput.riskScore"] == Permission.COMPANY_WRITE_CREDIT


def test_a_nested_null_empties_all_of_it() -> None:
    seen = written(CompanyUpdateInput, {"id": "x", "version": 1, "address": None})
    empty = {column: value for column, value in seen.values.items() if column.startswith("address_")}
    assert empty == dict.fromkeys(column for column, _ in plain_keys(CompanyAddressInput))
