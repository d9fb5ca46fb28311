"""S32 of the security cases: somebody has the provider's key and signs what they like (Golden SAML).

No service provider can tell. What it can do: sessions end before long, everything is written down, one switch ends it
all, and what matters most takes a proof of a moment ago.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auth.sso.connection import OPERATOR
from models.shared import IdentityProvider, Session, Tenant
from models.tenant import AuditActorKind, AuditEvent
from tenancy.scope import tenant_scope
from tests.auth.saml.provider_at_work import in_a_moment
from tests.auth.saml.test_key_rotation import connections
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    from tests.auth.conftest import Person
    from tests.auth.saml.provider_at_work import ProviderAtWork


async def test_s32_a_session_ends_before_long_whatever_the_assertion_says(at_work: ProviderAtWork, ada: Person) -> None:
    await Tenant.filter(id=ada.placement.tenant_id).update(session_absolute_seconds=3_600)
    try:
        await at_work.sign_in(session_not_on_or_after="2999-01-01T00:00:00Z")
    finally:
        await Tenant.filter(id=ada.placement.tenant_id).update(session_absolute_seconds=None)
    session = await Session.get(identity_provider_id=ada.provider_id)
    assert session.expires_at <= datetime.now(UTC) + timedelta(seconds=3_600)


async def test_s32_every_session_is_written_down_with_the_connection_that_it_came_of(
    at_work: ProviderAtWork, ada: Person
) -> None:
    arrival = await at_work.sign_in()
    session = await Session.get(identity_provider_id=ada.provider_id)
    async with tenant_scope(ada.placement, authorization_version=None):
        event = await AuditEvent.get(action="session:begin", subject_id=session.id)
    assert (event.actor_kind, event.actor_id) == (AuditActorKind.MEMBER, ada.member_id)
    assert event.details["identity_provider"] == str(ada.provider_id)
    assert event.request_id == arrival.headers["x-request-id"]


async def test_s32_one_switch_ends_what_came_of_the_connection_and_lets_nobody_in_by_it(
    at_work: ProviderAtWork, ada: Person
) -> None:
    await at_work.sign_in()
    await at_work.depart()
    raw = await at_work.answer()
    async with connections(at_work, ada.placement) as desk:
        await desk.set_enabled(OPERATOR, ada.provider_id, enabled=False)
    assert await Session.filter(identity_provider_id=ada.provider_id, revoked_at=None).count() == 0
    assert (await at_work.browser.post("/auth/token")).status_code == 400
    assert is_the_error_page(await at_work.post(raw))


async def test_s32_a_forgery_for_a_fresh_proof_has_to_be_a_fresh_one(at_work: ProviderAtWork, ada: Person) -> None:
    """An assertion that was stolen, rather than made, is of no use for what takes a recent proof."""
    await at_work.depart(f"/auth/login?tenant={at_work.tenant}&max_age=60")
    assert at_work.request.get("ForceAuthn") == "true"
    assert is_the_error_page(await at_work.post(await at_work.answer(authn_instant=in_a_moment(minutes=-10))))
    assert await IdentityProvider.filter(id=ada.provider_id, enabled=True).exists()
