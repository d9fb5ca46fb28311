"""The list of 503 listed companies, where it lies beside the checkout."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.importing.conftest import Importing

FILE: Final = Path(__file__).parents[3] / "shared" / "data" / "sp500-companies.csv"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"needs {FILE.name} in ../shared/data")


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


async def test_every_cell_of_the_real_file_is_in_the_database(importing: Importing) -> None:
    await importing.run(FILE)
    companies = await importing.companies()
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
