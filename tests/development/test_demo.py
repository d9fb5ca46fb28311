from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from pydantic import SecretStr
from schwifty import BIC, IBAN

from auth.grant_resolution import resolve_grants
from auth.grants import GrantState
from auth.permissions import Permission
from development.demo import DEMO_TENANTS, DemoSummary, ensure_demo
from development.demo_filling import DemoFilling
from models.shared import Tenant
from models.tenant import BankAccount, Company, Contact, Member, OnboardingCase, OrgUnit
from resolvers.company_values import checked
from resolvers.onboarding_case import FINAL, is_overdue
from tenancy.database import Database, open_database
from tenancy.directory import placement_of
from tenancy.migration import migrate_shared
from tenancy.provisioning import delete_tenant
from tenancy.scope import tenant_scope
from tests.conftest import drop_database, url_of_database
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.grants import Grants
    from settings import Settings
    from tenancy.placement import TenantPlacement

SLUGS = [demo.slug for demo in DEMO_TENANTS]


@pytest.fixture(scope="module")
async def demo(settings: Settings, database_server: str) -> AsyncIterator[Database]:
    """A database of its own with the demo in it: the names of its tenants are taken in the one that tests share."""
    server = await asyncpg.connect(database_server)
    name = f"fieldgate_test_{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
    await server.execute(f'CREATE DATABASE "{name}"')
    url = url_of_database(database_server, name)
    await migrate_shared(url)
    database = await open_database(settings.model_copy(update={"database_url": SecretStr(url)}))
    await ensure_demo(database)
    yield database
    await database.close()
    await drop_database(server, name)
    await server.close()


async def placement(slug: str) -> TenantPlacement:
    return placement_of(await Tenant.get(slug=slug))


async def everything(slug: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of a tenant, without the times at which it was written."""
    found = {}
    async with tenant_scope(await placement(slug), authorization_version=None, read_only=True):
        for model in (OrgUnit, Member, Company, Contact, BankAccount, OnboardingCase):
            rows: list[dict[str, Any]] = await model.all().order_by("id").values()
            times = ("created_at", "updated_at")
            found[model.__name__] = [{name: row[name] for name in row if name not in times} for row in rows]
    return found


async def grants_of(slug: str, login: str) -> Grants:
    tenant = await placement(slug)
    async with tenant_scope(tenant, authorization_version=None, read_only=True):
        member = await Member.get(email=f"{login}@{slug}.example")
    return (await resolve_grants(tenant, member.id)).grants


@pytest.mark.parametrize("slug", SLUGS)
async def test_four_people_can_sign_in(demo: Database, slug: str) -> None:
    del demo
    emails = {member["email"] for member in (await everything(slug))["Member"]}
    assert emails == {f"{login}@{slug}.example" for login in ("owner", "analyst", "approver", "auditor")}


@pytest.mark.parametrize("slug", SLUGS)
async def test_the_owner_may_do_everything_and_the_auditor_read_everything(demo: Database, slug: str) -> None:
    del demo
    owner, auditor = await grants_of(slug, "owner"), await grants_of(slug, "auditor")
    assert owner.everywhere == set(Permission)
    assert auditor.everywhere == {permission for permission in Permission if ":read" in permission}
    assert not owner.in_units
    assert not auditor.in_units


@pytest.mark.parametrize("slug", SLUGS)
async def test_the_analysts_role_holds_in_one_region_and_tells_no_secrets(demo: Database, slug: str) -> None:
    del demo
    analyst, rows = await grants_of(slug, "analyst"), await everything(slug)
    assert not analyst.everywhere
    region = analyst.units(Permission.COMPANY_READ)
    seen = [company for company in rows["Company"] if company["org_unit_id"] in region]
    assert 0 < len(region) < len(rows["OrgUnit"])
    assert 0 < len(seen) < len(rows["Company"])
    for secret in (
        Permission.COMPANY_READ_TAX,
        Permission.COMPANY_READ_FINANCIALS,
        Permission.BANK_ACCOUNT_READ_NUMBER,
    ):
        assert analyst.state(secret) is GrantState.NOWHERE


@pytest.mark.parametrize("slug", SLUGS)
async def test_the_approver_decides_in_every_region(demo: Database, slug: str) -> None:
    del demo
    approver = await grants_of(slug, "approver")
    assert approver.state(Permission.ONBOARDING_CASE_APPROVE) is GrantState.EVERYWHERE


@pytest.mark.parametrize("slug", SLUGS)
async def test_there_is_a_tree_of_units_with_two_regions_at_least(demo: Database, slug: str) -> None:
    del demo
    units = (await everything(slug))["OrgUnit"]
    (root,) = [unit for unit in units if unit["parent_id"] is None]
    assert len([unit for unit in units if unit["parent_id"] == root["id"]]) >= 2


@pytest.mark.parametrize("slug", SLUGS)
async def test_every_identifier_is_valid_and_in_its_one_spelling(demo: Database, slug: str) -> None:
    del demo
    rows = await everything(slug)
    for company in rows["Company"]:
        given = {name: company[name] for name in company if name not in {"id", "version", "org_unit_id", "parent_id"}}
        kept, refused = checked(given)
        assert (kept, refused) == (given, {}), company["name"]
    assert all(company["lei"] for company in rows["Company"])
    for what in ("vat_number", "tax_id", "credit_limit"):
        assert sum(company[what] is not None for company in rows["Company"]) >= 5
    for account in rows["BankAccount"]:
        IBAN(account["iban"], validate_bban=True)
        assert BIC(account["bic"]).country_code == account["iban"][:2]


@pytest.mark.parametrize("slug", SLUGS)
async def test_there_is_something_behind_every_relation(demo: Database, slug: str) -> None:
    del demo
    rows = await everything(slug)
    assert {contact["company_id"] for contact in rows["Contact"]} == {company["id"] for company in rows["Company"]}
    assert len(rows["BankAccount"]) >= 5
    assert any(company["parent_id"] for company in rows["Company"])
    cases = rows["OnboardingCase"]
    assert any(case["state"] in FINAL for case in cases)
    assert all((case["closed_at"] is not None) == (case["state"] in FINAL) for case in cases)
    waiting = [is_overdue(state=case["state"], due_on=case["due_on"]) for case in cases if case["state"] not in FINAL]
    assert set(waiting) == {True, False}


async def test_the_tenants_share_no_key(demo: Database) -> None:
    del demo
    keys = [{row["id"] for rows in (await everything(slug)).values() for row in rows} for slug in SLUGS]
    assert not keys[0] & keys[1]


async def test_a_second_start_writes_nothing(demo: Database) -> None:
    before = {slug: await everything(slug) for slug in SLUGS}
    with recorded_statements() as sent:
        assert await ensure_demo(demo) == DemoSummary((), ())
    assert len(sent) <= 8
    assert not [sql for sql in sent if "INSERT" in sql or "UPDATE" in sql]
    assert {slug: await everything(slug) for slug in SLUGS} == before


async def test_what_somebody_changed_stays_changed(demo: Database) -> None:
    tenant = await placement("globex")
    async with tenant_scope(tenant, authorization_version=None):
        company = await Company.first()
        assert company is not None
        await Company.filter(id=company.id).update(name="Changed")
    await ensure_demo(demo)
    async with tenant_scope(tenant, authorization_version=None):
        assert (await Company.get(id=company.id)).name == "Changed"
        await Company.filter(id=company.id).update(name=company.name)


async def test_the_demo_is_the_same_on_every_machine(demo: Database) -> None:
    before = await everything("globex")
    await delete_tenant(demo, "globex")
    assert await ensure_demo(demo) == DemoSummary(("globex",), ("globex",))
    assert await everything("globex") == before


async def test_a_demo_that_was_interrupted_is_made_whole_by_the_next_start(
    demo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await everything("globex")
    await delete_tenant(demo, "globex")
    with monkeypatch.context() as patched:

        async def interrupted(filling: DemoFilling) -> None:
            await filling._make_units()  # noqa: SLF001 - as far as it came
            raise asyncio.CancelledError

        patched.setattr(DemoFilling, "fill", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await ensure_demo(demo)
    assert await ensure_demo(demo) == DemoSummary((), ("globex",))
    assert await everything("globex") == before
