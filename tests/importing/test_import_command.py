from __future__ import annotations

import asyncio
import json
from contextvars import Context
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

from models.tenant import Company, OrgUnit
from resolvers import company_import
from resolvers.company_bulk import insert_companies
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from tests.importing.conftest import Importing

SAMPLE: Final = Path(__file__).parent / "companies.csv"
TAKEN: Final = {"ALP", "BRO", "CLS.A", "CLS.B", "DUO", "EIR", "FOO", "GIN"}


async def test_the_rows_that_make_sense_are_taken(importing: Importing) -> None:
    done = await importing.run(SAMPLE)
    assert done.code == 1
    assert done.out == f"{importing.placement.slug}: 13 rows: 8 created, 0 updated, 0 unchanged, 5 rejected\n"
    companies = await importing.companies()
    assert companies.keys() == TAKEN
    seen = ("name", "address_city", "address_region", "address_country", "listed_on", "cik", "founded_year")
    assert {reference: tuple(row[name] for name in seen) for reference, row in companies.items()} == {
        "ALP": ("Alpine Optics", "Saint Paul", "Minnesota", "US", date(1999, 3, 4), "0000066740", 1902),
        "BRO": ("Brontë\u2013Brown (The)", "Warmley", "Bristol", "GB", date(2019, 6, 7), "0001748790", 2019),
        "CLS.A": (
            *("Classy Media (Class A)", "Washington", "District of Columbia", "US"),
            *(date(2013, 8, 1), "0001652044", 1980),
        ),
        "CLS.B": (
            *("Classy Media (Class B)", "Washington", "District of Columbia", "US"),
            *(date(2015, 9, 18), "0001652044", 1980),
        ),
        "DUO": ("Duo Cities", "Columbus", "Ohio", "US", date(1997, 8, 28), "0000049196", 1866),
        "EIR": ("Eiré Holdings", "Dublin", None, "IE", date(2013, 12, 2), "0001579241", 1975),
        "FOO": ("Footnote Works", "West Falls Church", "Virginia", "US", None, "0000101829", 2020),
        "GIN": ("Gin, Rum & Sons", None, None, None, date(1999, 1, 1), "0000014693", 1870),
    }
    assert companies["ALP"]["lei"] == "9845F1C71D1501040503"
    assert companies["FOO"]["founded_note"] == "2020 (1915, Spin-off)"


async def test_each_row_that_is_rejected_has_one_message_that_says_where_and_why(importing: Importing) -> None:
    done = await importing.run(SAMPLE)
    said = done.err.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        *(f"row {number} rejected" for number in (10, 11, 12, 13, 14)),
        "row 6",
        "columns without a field",
    ]
    assert 'Headquarters Location "Atlantis": This ends with neither a state' in said[0]
    for wrong in ('Date added "1999-02-30"', 'Founded "soon"', 'CIK "12345678901"', 'LEI "9845F1C71D1501040504"'):
        assert f"{wrong}: This " in said[1] or f"{wrong}: A CIK is" in said[1]
    assert said[2].endswith('Symbol "ALP": Row 2 has this reference already.')
    assert said[3].endswith('Symbol "": This must not be empty.')
    assert said[4].endswith("This row has 3 cells, and the header has 10.")
    assert said[5].endswith(
        'Headquarters Location "Columbus, Ohio; Detroit, Michigan": Only the first place was taken.'
    )
    assert said[6].endswith(": Remarks")


async def test_the_same_file_again_changes_nothing(importing: Importing) -> None:
    await importing.run(SAMPLE)
    before = await importing.companies()
    done = await importing.run(SAMPLE)
    assert done.out.endswith("0 created, 0 updated, 8 unchanged, 5 rejected\n")
    assert await importing.companies() == before


async def test_a_changed_row_is_changed_and_no_other(importing: Importing, tmp_path: Path) -> None:
    await importing.run(SAMPLE)
    before = await importing.companies()
    changed = tmp_path / "changed.csv"
    changed.write_text(SAMPLE.read_text(encoding="utf-8").replace("Duo Cities", "Trio Cities"), encoding="utf-8")
    done = await importing.run(changed)
    assert done.out.endswith("0 created, 1 updated, 7 unchanged, 5 rejected\n")
    after = await importing.companies()
    assert {reference for reference in TAKEN if after[reference] != before[reference]} == {"DUO"}
    assert (after["DUO"]["name"], after["DUO"]["version"], after["DUO"]["id"]) == (
        "Trio Cities",
        2,
        before["DUO"]["id"],
    )


async def test_an_empty_cell_leaves_what_is_known(importing: Importing, tmp_path: Path) -> None:
    await importing.run(SAMPLE)
    sparse = tmp_path / "sparse.csv"
    sparse.write_text("reference,name,sector\nALP,,Energy\n", encoding="utf-8")
    assert (await importing.run(sparse)).code == 0
    row = (await importing.companies())["ALP"]
    assert (row["name"], row["sector"]) == ("Alpine Optics", "Energy")


async def test_a_dry_run_says_what_would_happen_and_keeps_nothing(importing: Importing) -> None:
    done = await importing.run(SAMPLE, "--dry-run")
    assert done.out.endswith("8 created, 0 updated, 0 unchanged, 5 rejected (dry run: nothing was kept)\n")
    assert await importing.companies() == {}
    async with tenant_scope(importing.placement, authorization_version=None, read_only=True):
        assert not await OrgUnit.exists()


async def test_a_program_reads_the_same_as_json(importing: Importing) -> None:
    done = await importing.run(SAMPLE, "--json")
    assert done.err == ""
    document = json.loads(done.out)
    counts = {name: document[name] for name in ("rows", "created", "updated", "unchanged", "rejected")}
    assert counts == {"rows": 13, "created": 8, "updated": 0, "unchanged": 0, "rejected": 5}
    assert [rejection["row"] for rejection in document["rejections"]] == [10, 11, 12, 13, 14]
    problems = document["rejections"][1]["problems"]
    assert {problem["column"] for problem in problems} == {"Date added", "Founded", "CIK", "LEI"}
    assert document["rejections"][4]["problems"][0]["column"] is None
    assert document["notes"][0]["row"] == 6
    assert document["columnsLeftOut"] == ["Remarks"]
    assert document["dryRun"] is False


async def test_columns_are_mapped_by_whoever_knows_better(importing: Importing, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("Key;Customer;Name;Limit;Cur\n1;Muster;ignored;1000,50;EUR\n2;Beispiel;;250.5;eur\n", "utf-8")
    maps = ("--map", "Key=reference", "--map", "Customer=name", "--map", "Name=")
    done = await importing.run(file, *maps, "--map", "Limit=creditLimit", "--map", "Cur=creditCurrency")
    assert done.out.endswith("1 created, 0 updated, 0 unchanged, 1 rejected\n")
    assert 'row 2 rejected: Limit "1000,50": This is not an amount' in done.err
    row = (await importing.companies())["2"]
    assert (row["name"], str(row["credit_limit"]), row["credit_currency"]) == ("Beispiel", "250.50", "EUR")


async def test_new_companies_go_to_the_unit_that_was_named(importing: Importing) -> None:
    async with tenant_scope(importing.placement, authorization_version=None):
        top = await OrgUnit.create(name="Group", parent_id=None)
        below = await OrgUnit.create(name="EMEA", parent_id=top.id)
        await OrgUnit.create(name="Twin", parent_id=top.id)
        await OrgUnit.create(name="Twin", parent_id=top.id)
    assert (await importing.run(SAMPLE, "--org-unit", "EMEA")).code == 1
    assert {row["org_unit_id"] for row in (await importing.companies()).values()} == {below.id}
    missing = await importing.run(SAMPLE, "--org-unit", "Asia")
    assert (missing.code, missing.err) == (1, "fieldgate: there is no org unit called 'Asia'\n")
    unclear = await importing.run(SAMPLE, "--org-unit", "Twin")
    assert "there are several org units called 'Twin'; give --org-unit ID" in unclear.err


async def test_a_tenant_with_one_top_needs_no_unit_to_be_named(importing: Importing) -> None:
    await importing.run(SAMPLE)
    async with tenant_scope(importing.placement, authorization_version=None, read_only=True):
        (unit,) = await OrgUnit.all()
    assert {row["org_unit_id"] for row in (await importing.companies()).values()} == {unit.id}
    assert (unit.name, unit.parent_id) == (importing.placement.slug, None)


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (b"", (), "the file is empty"),
        (b"name\nMuster\n", (), "no column is the reference"),
        ("reference,name\n1,Söhne\n".encode("latin-1"), (), "not UTF-8"),
        (b"reference,name\n1,x\n", ("--map", "Nmae=name"), "there is no column 'Nmae'"),
    ],
)
async def test_a_file_that_can_not_be_read_fails_with_one_line(
    importing: Importing, tmp_path: Path, content: bytes, arguments: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    done = await importing.run(file, *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"fieldgate: {file}: ")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert await importing.companies() == {}


async def test_a_file_that_is_not_there_fails_with_one_line(importing: Importing) -> None:
    done = await importing.run("no such file.csv")
    assert (done.code, done.err) == (1, "fieldgate: no such file.csv: No such file or directory\n")


async def test_a_tenant_that_is_not_there_fails_with_one_line(importing: Importing) -> None:
    nobody = replace(importing, placement=replace(importing.placement, slug="nobody"))
    done = await nobody.run(SAMPLE)
    assert (done.code, done.err) == (1, "fieldgate: there is no tenant 'nobody'\n")


async def test_a_map_without_an_equals_sign_is_misuse(importing: Importing) -> None:
    assert (await importing.run(SAMPLE, "--map", "Symbol")).code == 2


async def test_a_file_can_not_command_the_terminal(importing: Importing, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("reference,name\n1,\x1b[31mred\n2,[bold]not markup[/bold]\x07\n", encoding="utf-8")
    done = await importing.run(file)
    assert "\x1b" not in done.out + done.err
    assert "\x07" not in done.out + done.err
    assert 'row 2 rejected: name "\\x1b[31mred": This holds characters' in done.err
    assert "[bold]not markup[/bold]\\x07" in done.err


async def test_nothing_is_kept_of_an_import_that_breaks_off(
    importing: Importing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "many.csv"
    file.write_text("reference,name\n" + "".join(f"{number},x\n" for number in range(250)), encoding="utf-8")
    with monkeypatch.context() as patched:

        async def failing(companies: list[Company]) -> NoReturn:
            await insert_companies(companies)
            raise ConnectionResetError

        patched.setattr("resolvers.company_import.insert_companies", failing)
        assert (await importing.run(file)).code == 1
    assert await importing.companies() == {}
    assert (await importing.run(file)).out.endswith("250 created, 0 updated, 0 unchanged, 0 rejected\n")


async def test_a_reference_that_is_taken_while_the_file_is_imported_is_said(
    importing: Importing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.csv"
    file.write_text("reference,name\n1,x\n2,y\n", encoding="utf-8")
    async with tenant_scope(importing.placement, authorization_version=None):
        unit = await OrgUnit.create(name="Group", parent_id=None)
    found = company_import._held  # noqa: SLF001 - the moment after which somebody else is quicker

    async def quicker() -> None:
        async with tenant_scope(importing.placement, authorization_version=None):
            await Company.create(org_unit_id=unit.id, name="Quicker", reference="1")

    async def held(references: list[str]) -> dict[str, Company]:
        companies = await found(references)
        # A context of its own: the scope is the importer's, and scopes don't nest.
        await asyncio.create_task(quicker(), context=Context())
        return companies

    monkeypatch.setattr(company_import, "_held", held)
    done = await importing.run(file)
    assert done.out.endswith("1 created, 0 updated, 0 unchanged, 1 rejected\n")
    assert 'row 2 rejected: reference "1": Another company has this reference.' in done.err
    assert {reference: row["name"] for reference, row in (await importing.companies()).items()} == {
        "1": "Quicker",
        "2": "y",
    }
