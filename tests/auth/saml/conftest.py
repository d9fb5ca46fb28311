"""People who sign in at a SAML provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auth.sso.domains import add_domain
from models.shared import Domain
from tests.auth.conftest import Person, add_person
from tests.auth.saml.provider_at_work import EMAIL, ProviderAtWork, add_connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.placement import TenantPlacement
    from tests.auth.browser import Browser


@pytest.fixture
async def proved(acme: TenantPlacement) -> AsyncIterator[str]:
    """A domain that acme has proved to be its own."""
    domain = await add_domain(acme.tenant_id, "acme.example")
    await Domain.filter(id=domain.id).update(verified_at=domain.created_at)
    yield domain.name
    await Domain.filter(id=domain.id).delete()


@pytest.fixture
async def ada(acme: TenantPlacement, proved: str) -> Person:
    """Somebody of acme who has not signed in yet, and acme's only connection."""
    assert EMAIL.endswith(proved)
    connection = await add_connection(acme)
    return await add_person(acme, EMAIL, connection.id)


@pytest.fixture
def at_work(browser: Browser, ada: Person) -> ProviderAtWork:
    return ProviderAtWork(browser, ada.provider_id)
