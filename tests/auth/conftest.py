"""Members who can sign in, and what signs them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx2
import pytest

from auth.opening import open_authentication
from auth.roles import BUILT_IN_ROLES
from auth.sessions.session import Sessions
from auth.sessions.signing_keys import SigningKeys
from auth.sso.provider import seal_client_secret
from models.shared import IdentityProvider, SigningKey
from models.tenant import Member, OrgUnit
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME, Browser
from tests.auth.provider_double import CLIENT_SECRET, ISSUER, ProviderDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from auth.opening import Authentication
    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

GLOBEX: Final = "globex-auth"


@dataclass(frozen=True)
class Person:
    """A member of a tenant, and the provider that knows them."""

    placement: TenantPlacement
    member_id: UUID
    email: str
    org_unit_id: UUID
    provider_id: UUID


async def add_person(placement: TenantPlacement, email: str, provider_id: UUID, *, active: bool = True) -> Person:
    async with tenant_scope(placement, authorization_version=None):
        unit = await OrgUnit.create(name="Head office", parent_id=None)
        member = await Member.create(email=email, full_name="A Person", org_unit_id=unit.id, active=active)
    return Person(placement, member.id, email, unit.id, provider_id)


async def add_provider(placement: TenantPlacement, issuer: str | None = None) -> IdentityProvider:
    return await IdentityProvider.create(
        tenant_id=placement.tenant_id,
        name="Test provider",
        issuer=issuer or f"https://idp.example/{uuid4().hex}",
        client_id="fieldgate",
        enabled=True,
    )


async def remove_people(placement: TenantPlacement) -> None:
    async with tenant_scope(placement, authorization_version=None):
        await Member.all().delete()
        await OrgUnit.filter(parent_id__isnull=False).delete()
        await OrgUnit.all().delete()
    await IdentityProvider.filter(tenant_id=placement.tenant_id).delete()


@pytest.fixture(scope="session")
async def own_tenants(database: Database) -> dict[str, TenantPlacement]:
    """Two tenants for these tests alone, which remove people without asking whose they are."""
    return {slug: await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES) for slug in (ACME, GLOBEX)}


@pytest.fixture
async def acme(own_tenants: dict[str, TenantPlacement]) -> AsyncIterator[TenantPlacement]:
    yield own_tenants[ACME]
    await remove_people(own_tenants[ACME])


@pytest.fixture
async def globex(own_tenants: dict[str, TenantPlacement]) -> AsyncIterator[TenantPlacement]:
    yield own_tenants[GLOBEX]
    await remove_people(own_tenants[GLOBEX])


@pytest.fixture
async def owner(acme: TenantPlacement) -> Person:
    provider = await add_provider(acme)
    return await add_person(acme, "owner@acme.example", provider.id)


@pytest.fixture
async def keys(settings: Settings, database: Database) -> AsyncIterator[SigningKeys]:  # noqa: ARG001 # it has to be open
    """A process that knows no key yet, and a table with none; the keys of others are put back."""
    kept = await SigningKey.all()
    await SigningKey.all().delete()
    yield SigningKeys(settings)
    await SigningKey.all().delete()
    await SigningKey.bulk_create(kept)


@pytest.fixture
def sessions(settings: Settings, keys: SigningKeys, database: Database) -> Sessions:
    return Sessions(settings, keys, database.directory)


@pytest.fixture
def double() -> ProviderDouble:
    return ProviderDouble()


@pytest.fixture
async def authentication(
    settings: Settings, database: Database, double: ProviderDouble
) -> AsyncIterator[Authentication]:
    transport = httpx2.ASGITransport(double.app())
    async with open_authentication(settings, database.directory, transport=transport) as opened:
        yield opened


@pytest.fixture
async def browser(authentication: Authentication, double: ProviderDouble) -> AsyncIterator[Browser]:
    opened = Browser(authentication, double)
    async with opened.client:
        yield opened


@pytest.fixture
async def member(settings: Settings, acme: TenantPlacement) -> Person:
    """Somebody of acme who signs in at the double."""
    provider = await add_provider(acme, ISSUER)
    provider.client_secret = seal_client_secret(settings, provider.id, CLIENT_SECRET)
    await provider.save()
    return await add_person(acme, "owner@acme.example", provider.id)
