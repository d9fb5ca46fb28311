"""Audit events: kept with what they tell of, of one tenant, and changed by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from auth.audit import NOBODY, Actor, AuditSubject, record
from models.tenant import AuditActorKind, AuditEvent
from tenancy.errors import NoTenantError
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person


class DeliberateError(Exception):
    """What a test lets go wrong."""


async def events(placement: TenantPlacement, action: str) -> list[AuditEvent]:
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        return await AuditEvent.filter(action=action).order_by("id")


async def test_an_event_says_who_did_what_to_what(owner: Person, globex: TenantPlacement) -> None:
    actor = Actor(AuditActorKind.MEMBER, owner.member_id)
    subject = AuditSubject("identity_provider", owner.provider_id)
    async with tenant_scope(owner.placement, authorization_version=None):
        await record(actor, "test:says", subject, details={"fields": ["name"]}, request_id="r")
    (event,) = await events(owner.placement, "test:says")
    assert (event.actor_kind, event.actor_id, event.operator) == (AuditActorKind.MEMBER, owner.member_id, None)
    assert (event.subject_kind, event.subject_id) == ("identity_provider", owner.provider_id)
    assert (event.details, event.request_id) == ({"fields": ["name"]}, "r")
    assert await events(globex, "test:says") == []


async def test_an_event_is_kept_only_if_what_it_tells_of_is(owner: Person) -> None:
    with pytest.raises(DeliberateError):  # noqa: PT012 - a transaction is a block
        async with tenant_scope(owner.placement, authorization_version=None):
            await record(NOBODY, "test:undone")
            raise DeliberateError
    assert await events(owner.placement, "test:undone") == []


async def test_there_is_no_event_without_a_tenant() -> None:
    with pytest.raises(NoTenantError):
        await record(NOBODY, "test:nowhere")


@pytest.mark.parametrize(
    "change", ["UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
async def test_nothing_in_a_tenants_scope_changes_or_removes_an_event(owner: Person, change: str) -> None:
    async with tenant_scope(owner.placement, authorization_version=None):
        await record(NOBODY, "test:stays")
    before = len(await events(owner.placement, "test:stays"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_scope(owner.placement, authorization_version=None) as session:
            await session.fetch(change)
    with pytest.raises(OperationalError, match="permission denied"):
        async with tenant_scope(owner.placement, authorization_version=None):
            await AuditEvent.filter(action="test:stays").delete()
    assert len(await events(owner.placement, "test:stays")) == before
