"""The list of 503 listed companies, where it lies beside the checkout."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from auth.grant_resolution import resolve_grants
from auth.viewer import Viewer
from engine.engine import Engine
from engine.request import Request
from models.tenant import Member, OrgUnit, Role, RoleAssignment
from schema.build import build_schema
from schema.company import CompanyOrderField
from schema.direction import Direction
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.placement import TenantPlacement
    from tests.importing.conftest import Importing

FILE: Final = Path(__file__).parents[3] / "shared" / "data" / "sp500-companies.csv"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"needs {FILE.name} in ../shared/data")


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Engine:
    return Engine(build_schema(), settings)


@pytest.fixture
async def listed(importing: Importing) -> Importing:
    """A tenant with the file in it."""
    assert (await importing.run(FILE)).code == 0
    return importing


@pytest.fixture
async def reader(listed: Importing, placement: TenantPlacement) -> Viewer:
    """Somebody who may read all of it."""
    del listed  # its org unit is the reader's
    async with tenant_scope(placement, authorization_version=None):
        unit = await OrgUnit.first()
        role = await Role.get(key="auditor")
        assert unit is not None
        member = await Member.create(email="auditor@listed.example", full_name="A Reader", org_unit_id=unit.id)
        await RoleAssignment.create(member_id=member.id, role_id=role.id, org_unit_id=None)
    resolved = await resolve_grants(placement, member.id)
    return Viewer(placement, member.id, uuid4(), resolved.grants, resolved.version)


async def test_every_row_of_the_real_file_is_taken_and_a_second_time_changes_nothing(importing: Importing) -> None:
    first = await importing.run(FILE)
    assert (first.code, first.out) == (
        0,
        f"{importing.placement.slug}: 503 rows: 503 created, 0 updated, 0 unchanged, 0 rejected\n",
    )
    companies = await importing.companies()
    second = await importing.run(FILE)
    assert (second.code, second.out) == (
        0,
        f"{importing.placement.slug}: 503 rows: 0 created, 0 updated, 503 unchanged, 0 rejected\n",
    )
    assert await importing.companies() == companies


async def test_every_cell_of_the_real_file_is_in_the_database(listed: Importing) -> None:
    companies = await listed.companies()
    with FILE.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert companies.keys() == {row["Symbol"] for row in rows}
    for row in rows:
        company = companies[row["Symbol"]]
        assert (company["name"], company["sector"], company["industry"]) == (
            row["Security"],
            row["GICS Sector"],
            row["GICS Sub-Industry"],
        )
        assert (company["listed_on"].isoformat(), company["cik"]) == (row["Date added"], row["CIK"].zfill(10))
        assert row["Founded"].startswith(str(company["founded_year"]))
        assert company["founded_note"] == (None if len(row["Founded"]) == 4 else row["Founded"])
        if row["Headquarters Location"] != "none":
            assert row["Headquarters Location"].startswith(company["address_city"])
            assert (company["address_country"] == "US") == (company["address_region"] in _states(rows))
    nowhere = [reference for reference, company in companies.items() if company["address_country"] is None]
    assert nowhere == [row["Symbol"] for row in rows if row["Headquarters Location"] == "none"]


def _states(rows: list[dict[str, str]]) -> set[str]:
    """What the file names last, apart from the countries in it, as our columns say it."""
    last = {row["Headquarters Location"].rpartition(", ")[2].partition("[")[0] for row in rows}
    countries = {"Ireland", "United Kingdom", "Switzerland", "Bermuda", "Netherlands", "Canada"}
    return last - countries - {"none", "D.C."} | {"District of Columbia"}


async def pages_of(engine: Engine, reader: Viewer, order_by: str) -> list[list[str]]:
    """The references on every page, under one order."""
    document = f"""
        query ($after: String) {{
          companies(first: 100, after: $after{order_by}) {{
            totalCount nodes {{ reference }} pageInfo {{ hasNextPage endCursor }}
          }}
        }}
    """
    pages, after = [], None
    while True:
        result = await engine.execute(Request(document, "test", variables={"after": after}), reader)
        assert result.errors == ()
        page = json.loads(result.data or b"null")["companies"]
        assert page["totalCount"] == 503
        pages.append([node["reference"] for node in page["nodes"]])
        if not page["pageInfo"]["hasNextPage"]:
            return pages
        after = page["pageInfo"]["endCursor"]


async def test_the_real_files_companies_are_paged_through_without_gap_or_repeat_under_every_order(
    listed: Importing, reader: Viewer, engine: Engine
) -> None:
    everything = (await listed.companies()).keys()
    orders = [
        f", orderBy: {{field: {order.name}, direction: {direction.name}}}"
        for order in CompanyOrderField
        for direction in Direction
    ]
    for order_by in ("", *orders):
        pages = await pages_of(engine, reader, order_by)
        assert [len(each) for each in pages] == [100, 100, 100, 100, 100, 3], order_by
        assert {reference for each in pages for reference in each} == everything, order_by
