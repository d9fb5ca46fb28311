"""Row T17: somebody of ours in a tenant: only once it has agreed, for its time, by name, and looking alone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from auth.acting import ActingKind
from auth.audit import Actor
from auth.permissions import Permission
from auth.support.entry import NoSupportAccessError, SupportToken, enter
from auth.support.grant import approve_support, end_support, request_support
from auth.support.member import SUPPORT_ADDRESS, SUPPORT_SCOPE
from auth.unauthenticated import UnauthenticatedError
from models.shared import Session, SessionKind, SupportGrant
from models.tenant import AuditActorKind, AuditEvent, Member, MemberKind, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope
from tests.auth.test_revocation import is_refused, until_refused

if TYPE_CHECKING:
    from auth.opening import Authentication
    from settings import Settings
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person

OPERATOR = "ops@support.example"


@dataclass
class Support:
    """One operator at the door of a tenant."""

    placement: TenantPlacement
    approver: Actor
    authentication: Authentication

    async def request(self, hours: int = 2) -> SupportGrant:
        async with tenant_scope(self.placement, authorization_version=None):
            return await request_support(self.placement.tenant_id, OPERATOR, "Case 7", hours)

    async def approve(self, grant: SupportGrant) -> SupportGrant | None:
        async with tenant_scope(self.placement, authorization_version=None):
            return await approve_support(self.placement.tenant_id, grant.id, self.approver)

    async def end(self, grant: SupportGrant) -> SupportGrant | None:
        async with tenant_scope(self.placement, authorization_version=None):
            return await end_support(self.placement.tenant_id, grant.id, self.approver)

    async def approved(self, hours: int = 2) -> SupportGrant:
        grant = await self.approve(await self.request(hours))
        assert grant is not None
        return grant

    async def enter(self, grant: SupportGrant, placement: TenantPlacement | None = None) -> SupportToken:
        keys = self.authentication.keys
        return await enter(self.authentication.settings, keys, placement or self.placement, grant.id)

    async def events(self) -> list[AuditEvent]:
        async with tenant_scope(self.placement, authorization_version=None, read_only=True):
            return await AuditEvent.filter(action__startswith="support_access:").order_by("id")


@pytest.fixture
async def support(authentication: Authentication, owner: Person) -> Support:
    await SupportGrant.filter(tenant_id=owner.placement.tenant_id).delete()
    return Support(owner.placement, Actor(AuditActorKind.MEMBER, owner.member_id), authentication)


async def refused(support: Support, grant: SupportGrant, placement: TenantPlacement | None = None) -> str:
    before = await Session.filter(support_grant_id=grant.id).count()
    with pytest.raises(NoSupportAccessError) as failure:
        await support.enter(grant, placement)
    assert await Session.filter(support_grant_id=grant.id).count() == before
    return str(failure.value)


async def test_t17_an_operator_enters_as_nobody_of_the_tenants_people_and_is_named(support: Support) -> None:
    entered = await support.enter(await support.approved())
    viewer = await support.authentication.authenticator.viewer(entered.access_token)
    assert viewer.tenant == support.placement
    assert viewer.acting is not None
    assert (viewer.acting.kind, viewer.acting.operator) == (ActingKind.SUPPORT, OPERATOR)
    async with tenant_scope(support.placement, authorization_version=None, read_only=True):
        member = await Member.get(id=viewer.member_id)
    assert (member.email, member.kind) == (SUPPORT_ADDRESS, MemberKind.SERVICE)
    session = await Session.get(id=viewer.session_id)
    assert session.kind is SessionKind.SUPPORT
    assert session.refresh_token_hash is None, "nothing continues it"


async def test_t17_support_looks_at_what_is_not_guarded_and_changes_nothing(support: Support) -> None:
    entered = await support.enter(await support.approved())
    viewer = await support.authentication.authenticator.viewer(entered.access_token)
    assert viewer.grants.everywhere == SUPPORT_SCOPE
    assert Permission.COMPANY_READ in SUPPORT_SCOPE
    assert {permission.value.partition(":")[2] for permission in SUPPORT_SCOPE} == {"read"}
    assert not viewer.has_signed_in_within(10**9), "nothing that takes a person who has signed in"


async def test_t17_a_role_that_may_more_gives_support_no_more(support: Support) -> None:
    entered = await support.enter(await support.approved())
    async with tenant_scope(support.placement, authorization_version=None):
        member = await Member.get(email=SUPPORT_ADDRESS)
        owner = await Role.get(key="owner")
        await RoleAssignment.create(member_id=member.id, role_id=owner.id)
    viewer = await support.authentication.authenticator.viewer(
        (await support.enter(await support.approved())).access_token
    )
    renewed = await support.authentication.authenticator.renewed(viewer)
    assert renewed.grants.everywhere == SUPPORT_SCOPE
    assert entered.operator == OPERATOR


async def test_t17_a_tenant_may_leave_support_less(support: Support, owner: Person) -> None:
    await support.approved()
    async with tenant_scope(support.placement, authorization_version=None):
        member = await Member.get(email=SUPPORT_ADDRESS)
        region = await OrgUnit.create(name="Region", parent_id=owner.org_unit_id)
        await RoleAssignment.filter(member_id=member.id).update(org_unit_id=region.id)
    viewer = await support.authentication.authenticator.viewer(
        (await support.enter(await support.approved())).access_token
    )
    renewed = await support.authentication.authenticator.renewed(viewer)
    assert not renewed.grants.everywhere
    assert renewed.may(Permission.COMPANY_READ, region.id)
    assert not renewed.may(Permission.COMPANY_READ, owner.org_unit_id)


async def test_t17_nobody_enters_before_the_tenant_has_approved(support: Support) -> None:
    assert "pending" in await refused(support, await support.request())


async def test_t17_nobody_enters_what_was_denied_or_has_ended(support: Support) -> None:
    denied, ended = await support.request(), await support.approved()
    for grant in (denied, ended):
        assert await support.end(grant) is not None
    assert "denied" in await refused(support, denied)
    assert "ended" in await refused(support, ended)
    assert await support.approve(denied) is None
    assert await support.approve(ended) is None
    assert await support.end(ended) is None


@pytest.mark.parametrize("seconds_left", [0, 0.5])
async def test_t17_nobody_enters_when_the_time_is_over(support: Support, seconds_left: float) -> None:
    grant = await support.approved()
    ends = datetime.now(UTC) + timedelta(seconds=seconds_left)
    await SupportGrant.filter(id=grant.id).update(expires_at=ends)
    assert await refused(support, grant)


async def test_t17_nobody_enters_another_tenant_with_a_grant(support: Support, globex: TenantPlacement) -> None:
    grant = await support.approved()
    unknown = replace_id(grant)
    assert await refused(support, grant, globex) == await refused(support, unknown, globex)
    foreign = replace(support, placement=globex)
    waiting = await support.request()
    assert await foreign.approve(waiting) is None
    assert await foreign.end(grant) is None
    assert "pending" in await refused(support, waiting)


def replace_id(grant: SupportGrant) -> SupportGrant:
    return SupportGrant(id=uuid4(), tenant_id=grant.tenant_id)


async def test_t17_the_hours_count_from_the_approval_and_an_old_request_is_none(support: Support) -> None:
    waited, forgotten = await support.request(hours=3), await support.request()
    for grant, days in ((waited, 6), (forgotten, 7)):
        past = datetime.now(UTC) - timedelta(days=days, seconds=1)
        await SupportGrant.filter(id=grant.id).update(requested_at=past, expires_at=past + timedelta(hours=3))
    approved = await support.approve(waited)
    assert approved is not None
    assert approved.approved_at is not None
    assert approved.expires_at - approved.approved_at == timedelta(hours=3)
    assert await support.approve(forgotten) is None


async def test_t17_a_token_ends_with_its_grant_at_the_latest(support: Support, settings: Settings) -> None:
    grant = await support.approved()
    assert (await support.enter(grant)).seconds == settings.access_token_seconds
    await SupportGrant.filter(id=grant.id).update(expires_at=datetime.now(UTC) + timedelta(seconds=60))
    entered = await support.enter(grant)
    token = await support.authentication.authenticator.verified(entered.access_token)
    assert token.expires_at <= entered.grant_expires_at.timestamp()
    assert 50 <= token.expires_at - time.time() <= 60


async def test_t17_the_clock_ends_it_to_the_second(support: Support, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = await support.enter(await support.approved())
    token = await support.authentication.authenticator.verified(entered.access_token)
    for moment, over in ((token.expires_at - 0.01, False), (token.expires_at, True)):
        now = moment
        clock = SimpleNamespace(time=lambda now=now: now, monotonic=time.monotonic)
        monkeypatch.setattr("auth.sessions.access_token.time", clock)
        monkeypatch.setattr("auth.authentication.time", clock)
        assert await is_refused(support.authentication, entered.access_token) is over


async def test_t17_ending_a_grant_ends_its_tokens_and_no_other_grants(support: Support) -> None:
    ended, kept = await support.approved(), await support.approved()
    dying, again, living = [await support.enter(grant) for grant in (ended, ended, kept)]
    await support.end(ended)
    for entered in (dying, again):
        await until_refused(support.authentication, entered.access_token)
    assert not await is_refused(support.authentication, living.access_token)


async def test_t17_a_deactivated_support_member_is_out_until_the_next_approval(support: Support) -> None:
    grant = await support.approved()
    entered = await support.enter(grant)
    async with tenant_scope(support.placement, authorization_version=None):
        await Member.filter(email=SUPPORT_ADDRESS).update(active=False)
    await until_refused(support.authentication, entered.access_token)
    assert "deactivated" in await refused(support, grant)
    await support.approved()
    assert not await is_refused(support.authentication, (await support.enter(grant)).access_token)


async def test_t17_who_ends_a_grant_while_somebody_enters_ends_that_too(support: Support) -> None:
    """Whichever comes first: no session of the grant is left."""
    for _ in range(10):
        grant = await support.approved()
        _, *entering = await asyncio.gather(
            support.end(grant), *(support.enter(grant) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(each, SupportToken | NoSupportAccessError) for each in entering)
        assert await Session.filter(support_grant_id=grant.id, revoked_at=None).count() == 0


async def test_t17_of_two_answers_at_once_one_counts(support: Support) -> None:
    grant = await support.request()
    before = len(await support.events())
    answers = await asyncio.gather(*(support.approve(grant) for _ in range(4)))
    assert sum(answer is not None for answer in answers) == 1
    assert len(await support.events()) == before + 1


async def test_t17_each_step_is_in_the_tenants_log_and_says_who(support: Support, owner: Person) -> None:
    before = len(await support.events())
    grant = await support.approved()
    await support.enter(grant)
    await support.end(grant)
    await support.end(await support.request())
    events = (await support.events())[before:]
    assert [(each.action, each.actor_kind, each.operator or each.details.get("operator")) for each in events] == [
        ("support_access:request", "operator", OPERATOR),
        ("support_access:approve", "member", OPERATOR),
        ("support_access:enter", "support", OPERATOR),
        ("support_access:end", "member", OPERATOR),
        ("support_access:request", "operator", OPERATOR),
        ("support_access:deny", "member", OPERATOR),
    ]
    assert {each.actor_id for each in events if each.actor_kind == "member"} == {owner.member_id}


async def test_t17_a_token_of_a_grant_that_was_deleted_is_dead(support: Support) -> None:
    grant = await support.approved()
    entered = await support.enter(grant)
    await SupportGrant.filter(id=grant.id).delete()
    await until_refused(support.authentication, entered.access_token)
    with pytest.raises(UnauthenticatedError):
        await support.authentication.authenticator.viewer(entered.access_token)
