"""Who becomes a member by signing in, with which roles; and what a provider's word does not reach (S35, pain P16)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from auth.sso.id_token import Identity, email_claims
from auth.sso.membership import member_of
from auth.sso.provider import Provider, as_provider
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.rehearsal import test_ticket as ticket_for
from auth.sso.role_mapping import RoleRule, mapped_roles
from models.shared import Domain, IdentityProvider, Session
from models.tenant import AuditEvent, Member, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_person, add_provider
from tests.auth.provider_double import ISSUER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from settings import Settings
    from tenancy.placement import TenantPlacement
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person

RULES = [
    {"claim": "groups", "value": "Finance", "role": "approver"},
    {"claim": "groups", "value": "Audit", "role": "auditor"},
    {"claim": "department", "value": "Sales", "role": "analyst"},
    {"claim": "groups", "value": "Bosses", "role": "owner"},
    {"claim": "groups", "value": "Makers", "role": "role-maker"},
]


@pytest.fixture
async def provisioning(settings: Settings, acme: TenantPlacement) -> AsyncIterator[Provider]:
    """A connection that makes members, of a tenant that has proved acme.example."""
    row = await add_provider(acme, ISSUER)
    async with tenant_scope(acme, authorization_version=None):
        unit = await OrgUnit.create(name="New people", parent_id=None)
        await Role.create(key="role-maker", name="Role maker", permissions=["role:write"])
    row.provision_members, row.role_mapping, row.default_org_unit_id = True, RULES, unit.id
    await row.save()
    await Domain.create(
        tenant_id=acme.tenant_id, name="acme.example", verification_token="x", verified_at=datetime.now(UTC)
    )
    yield as_provider(settings, row)
    await Domain.filter(tenant_id=acme.tenant_id).delete()
    async with tenant_scope(acme, authorization_version=None):
        await RoleAssignment.all().delete()
        await Role.filter(key="role-maker").delete()


def identity(email: str | None, *groups: str, verified: bool = True, **claims: object) -> Identity:
    address, is_verified = email_claims({"email": email, "email_verified": verified})
    return Identity("s", address, is_verified, authenticated_at=1, full_name="New Person", groups=groups, claims=claims)


async def outcome(placement: TenantPlacement, provider: Provider, claimed: Identity) -> UUID | Refusal:
    try:
        return await member_of(placement, provider, claimed)
    except SignInRefusedError as refused:
        return refused.reason


async def roles_of(placement: TenantPlacement, member_id: UUID | Refusal) -> list[str]:
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        assignments = await RoleAssignment.filter(member_id=member_id).prefetch_related("role")
        return sorted(assignment.role.key for assignment in assignments)


async def test_somebody_unknown_becomes_a_member_where_the_connection_says_so(
    acme: TenantPlacement, provisioning: Provider
) -> None:
    claimed = identity("new@acme.example", "Finance", "Other", department="Sales")
    made = await outcome(acme, provisioning, claimed)
    assert not isinstance(made, Refusal)
    async with tenant_scope(acme, authorization_version=None, read_only=True):
        member = await Member.get(id=made)
        audited = await AuditEvent.filter(subject_id=made).get()
    assert (member.email, member.full_name, member.org_unit_id) == (
        "new@acme.example",
        "New Person",
        provisioning.default_org_unit_id,
    )
    assert await roles_of(acme, made) == ["analyst", "approver"]
    assert (audited.action, audited.details) == ("member:provision", {"roles": ["analyst", "approver"]})
    assert await outcome(acme, provisioning, identity(None)) == made, "found again by subject"


async def test_a_role_that_was_taken_away_does_not_come_back(acme: TenantPlacement, provisioning: Provider) -> None:
    made = await outcome(acme, provisioning, identity("new@acme.example", "Finance"))
    async with tenant_scope(acme, authorization_version=None):
        await RoleAssignment.filter(member_id=made).delete()
    await outcome(acme, provisioning, identity("new@acme.example", "Finance"))
    assert await roles_of(acme, made) == []


@pytest.mark.parametrize(
    "groups", [("Bosses",), ("owner",), ("Owner",), ("role-maker",), ("Makers",), ("finance",), ("Finance ",)]
)
async def test_s35_no_claim_gives_the_top_role_or_one_that_is_not_on_the_list(
    acme: TenantPlacement, provisioning: Provider, groups: tuple[str, ...]
) -> None:
    made = await outcome(acme, provisioning, identity("new@acme.example", *groups, roles=["owner"], role="owner"))
    assert not isinstance(made, Refusal)
    assert await roles_of(acme, made) == []


def test_s35_a_rule_for_the_owner_maps_to_nothing() -> None:
    rule = RoleRule("groups", "Bosses", "owner")
    assert mapped_roles([rule], identity("a@acme.example", "Bosses")) == frozenset()


@pytest.mark.parametrize(
    "email",
    ["new@globex.example", "new@sub.acme.example", "new@acme.example.evil.example", "new@evil.example@acme.example"],
)
async def test_p16_an_address_outside_the_verified_domains_is_nobody(
    acme: TenantPlacement, provisioning: Provider, email: str
) -> None:
    await add_person(acme, email, provisioning.id)  # an account of that address is not linked either
    assert await outcome(acme, provisioning, identity(email, "Finance")) is Refusal.EMAIL_DOMAIN
    async with tenant_scope(acme, authorization_version=None, read_only=True):
        assert not await Member.filter(subject__isnull=False).exists()


async def test_p16_a_domain_that_another_tenant_proved_or_nobody_did_is_outside(
    acme: TenantPlacement, globex: TenantPlacement, provisioning: Provider
) -> None:
    await Domain.filter(tenant_id=acme.tenant_id).update(verified_at=None)
    assert await outcome(acme, provisioning, identity("new@acme.example")) is Refusal.EMAIL_DOMAIN
    await Domain.filter(tenant_id=acme.tenant_id).update(tenant_id=globex.tenant_id, verified_at=datetime.now(UTC))
    assert await outcome(acme, provisioning, identity("new@acme.example")) is Refusal.EMAIL_DOMAIN
    await Domain.filter(tenant_id=globex.tenant_id).delete()


async def test_o17_an_unverified_address_makes_nobody(acme: TenantPlacement, provisioning: Provider) -> None:
    claimed = identity("new@acme.example", verified=False)
    assert await outcome(acme, provisioning, claimed) is Refusal.EMAIL_UNVERIFIED


async def test_an_account_that_is_closed_or_somebody_elses_is_not_made_again(
    acme: TenantPlacement, provisioning: Provider
) -> None:
    await add_person(acme, "Closed@acme.example", provisioning.id, active=False)
    assert await outcome(acme, provisioning, identity("closed@acme.example")) is Refusal.NO_SUCH_MEMBER
    await outcome(acme, provisioning, identity("kate@acme.example"))
    stranger = replace(identity("KATE@acme.example"), subject="another")
    assert await outcome(acme, provisioning, stranger) is Refusal.NO_SUCH_MEMBER


async def test_two_first_sign_ins_at_once_make_one_member(acme: TenantPlacement, provisioning: Provider) -> None:
    claimed = identity("new@acme.example", "Finance")
    outcomes = await asyncio.gather(*(outcome(acme, provisioning, claimed) for _ in range(5)))
    assert len(set(outcomes)) == 1
    assert not isinstance(outcomes[0], Refusal)
    assert await roles_of(acme, outcomes[0]) == ["approver"]


async def test_p16_a_refused_identity_gets_no_session_and_an_audit_row(
    browser: Browser, member: Person, acme: TenantPlacement
) -> None:
    browser.double.claims = {"sub": "evil", "email": "admin@globex.example"}
    answer = await browser.sign_in()
    assert answer.status_code == 400
    assert "globex" not in answer.text
    assert await Session.filter(identity_provider_id=member.provider_id).count() == 0
    async with tenant_scope(acme, authorization_version=None, read_only=True):
        audited = await AuditEvent.filter(action="sign_in:refuse", actor_id=member.provider_id).get()
    assert audited.details == {"reason": "no_such_member"}


# --- The dry run -----------------------------------------------------------------------------------------------------


async def test_a_dry_run_shows_claims_and_mapping_and_signs_nobody_in(
    browser: Browser, settings: Settings, provisioning: Provider, acme: TenantPlacement
) -> None:
    await IdentityProvider.filter(id=provisioning.id).update(enabled=False)
    browser.double.claims = {"email": "new@acme.example", "name": "<i>New</i>", "groups": ["Finance", "Bosses"]}
    await browser.follow(f"/auth/test?ticket={ticket_for(settings, provisioning.id)}")
    page = await browser.get(browser.answer())
    assert page.status_code == 200
    for shown in ("A new member would be made.", "new@acme.example", "New people", "approver", "&lt;i&gt;New"):
        assert shown in page.text
    assert "owner" not in page.text.replace("owner@", "")
    assert browser.cookies == {}
    assert await Session.filter(identity_provider_id=provisioning.id).count() == 0
    async with tenant_scope(acme, authorization_version=None, read_only=True):
        assert await Member.all().count() == 0
    assert (await IdentityProvider.get(id=provisioning.id)).tested_at is not None


async def test_a_dry_run_that_fails_leaves_the_connection_untested(
    browser: Browser, settings: Settings, provisioning: Provider
) -> None:
    browser.double.claims = {"nonce": "wrong"}
    await browser.follow(f"/auth/test?ticket={ticket_for(settings, provisioning.id)}")
    assert (await browser.get(browser.answer())).status_code == 400
    assert (await IdentityProvider.get(id=provisioning.id)).tested_at is None


async def test_a_ticket_that_is_not_ours_opens_nothing(browser: Browser, provisioning: Provider) -> None:
    assert provisioning.provision_members
    for ticket in ("", "x", "A" * 120, "\u00e9"):
        assert (await browser.get(f"/auth/test?ticket={ticket}")).status_code == 400


async def test_a_dry_run_is_made_with_what_waits_and_people_sign_in_with_what_is_in_force(
    browser: Browser, settings: Settings, provisioning: Provider, acme: TenantPlacement
) -> None:
    row = await IdentityProvider.get(id=provisioning.id)
    row.tested_at, row.staged, row.revision = datetime.now(UTC), {"claim_names": {"groups": "teams"}}, 2
    await row.save()
    browser.double.claims = {"email": "new@acme.example", "groups": ["Finance"], "teams": ["Audit"]}
    assert (await browser.sign_in()).status_code == 303
    async with tenant_scope(acme, authorization_version=None, read_only=True):
        made = await Member.get()
    assert await roles_of(acme, made.id) == ["approver"]
    async with tenant_scope(acme, authorization_version=None):
        await RoleAssignment.all().delete()
        await Member.all().delete()
    await browser.follow(f"/auth/test?ticket={ticket_for(settings, provisioning.id)}")
    page = await browser.get(browser.answer())
    assert "auditor" in page.text
    row = await IdentityProvider.get(id=provisioning.id)
    assert (row.claim_names, row.staged) == ({"groups": "teams"}, None)
