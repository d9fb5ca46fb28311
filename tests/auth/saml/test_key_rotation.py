"""S31 of the security cases on our side: a new key signs and is shown, the one before opens what it still has to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auth.sso.connection import OPERATOR, Connections
from auth.sso.connection_settings import ChangeRefusedError
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from auth.sso.refusal import Refusal
from models.shared import IdentityProvider, ServiceProviderKey
from models.tenant import AuditActorKind, AuditEvent
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_provider
from tests.auth.saml.provider_double import assertion, encrypt, key_pair, response, sign, text
from tests.auth.saml.test_response_route_attacks import reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person
    from tests.auth.saml.provider_at_work import ProviderAtWork


@asynccontextmanager
async def connections(at_work: ProviderAtWork, placement: TenantPlacement) -> AsyncIterator[Connections]:
    settings = at_work.browser.authentication.settings
    outbound = Outbound(settings)
    async with tenant_scope(placement, authorization_version=None):
        yield Connections(settings, outbound, LookUps(8))
    await outbound.close()


async def rotate(at_work: ProviderAtWork, ada: Person, keep: timedelta | None = None) -> None:
    async with connections(at_work, ada.placement) as desk:
        await desk.rotate_key(OPERATOR, ada.provider_id, keep=keep)


async def encrypted_with(at_work: ProviderAtWork, certificate: object) -> bytes:
    """An honest answer by a provider that has this certificate of ours."""
    words = at_work.words()
    inner = sign(assertion(words), key_pair("idp"))
    return text(response(words, encrypt(text(inner), certificate)))  # type: ignore[arg-type] # as it came


async def test_s31_the_new_key_is_shown_and_signs_and_the_old_one_still_opens(
    at_work: ProviderAtWork, ada: Person
) -> None:
    old = await at_work.certificate()
    await rotate(at_work, ada)
    new = await at_work.certificate()
    assert new.public_key() != old.public_key()
    for certificate in (old, new):
        # The signature of the request is checked with what is shown.
        await at_work.depart()
        assert (await at_work.post(await encrypted_with(at_work, certificate))).status_code == 303


async def test_s31_the_old_key_opens_for_as_long_as_it_was_said(at_work: ProviderAtWork, ada: Person) -> None:
    old = await at_work.certificate()
    await rotate(at_work, ada, timedelta(days=30))
    row = await ServiceProviderKey.get(identity_provider_id=ada.provider_id, retired_at__isnull=False)
    assert row.retired_at is not None
    assert row.not_after == row.retired_at + timedelta(days=30)
    await rotate(at_work, ada, timedelta(0))
    await at_work.depart()
    assert (await at_work.post(await encrypted_with(at_work, old))).status_code == 303


async def test_s31_a_key_that_was_lost_opens_nothing_any_more(at_work: ProviderAtWork, ada: Person) -> None:
    lost = await at_work.certificate()
    await rotate(at_work, ada, timedelta(0))
    await at_work.depart()
    answer = await at_work.post(await encrypted_with(at_work, lost))
    assert await reason(ada.placement, answer) == Refusal.SAML_ENCRYPTION


async def test_a_rotation_is_written_down_and_touches_no_other_connection(
    at_work: ProviderAtWork, ada: Person, globex: TenantPlacement
) -> None:
    other = await IdentityProvider.create(tenant_id=globex.tenant_id, name="SAML", kind="saml", issuer="https://x")
    await rotate(at_work, ada)
    async with tenant_scope(ada.placement, authorization_version=None):
        event = await AuditEvent.get(action="identity_provider:rotate_key", subject_id=ada.provider_id)
    assert event.actor_kind is AuditActorKind.OPERATOR
    assert await ServiceProviderKey.filter(identity_provider_id=other.id).count() == 0
    async with connections(at_work, ada.placement) as desk:
        for stranger in (other.id, (await add_provider(ada.placement)).id):
            with pytest.raises(ChangeRefusedError):
                await desk.rotate_key(OPERATOR, stranger)
