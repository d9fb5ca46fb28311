"""An operator's way into a tenant that has approved it: a token of minutes at a time, never past the grant's own end.

The token is about the tenant's support member (``sub``) and names the operator who acts (``act``, RFC 8693), so that
nobody of the tenant's people is anybody but themselves, and each event says who it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tortoise import connections
from uuid_utils.compat import uuid7

from auth.acting import Acting, ActingKind
from auth.audit import Actor, AuditSubject, record
from auth.sessions.access_token import Subject, issue
from auth.support.grant import grant_of, status_of
from auth.support.member import SUPPORT_ADDRESS, SUPPORT_SCOPE
from models.shared import Session, SessionKind, SupportGrantStatus
from models.tenant import AuditActorKind, Member
from tenancy.both_schemas import in_both_schemas
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sessions.signing_keys import SigningKeys
    from settings import Settings
    from tenancy.placement import TenantPlacement

_HOLD_GRANT: Final = """
SELECT id FROM fieldgate.support_grant
WHERE id = $1 AND approved_at IS NOT NULL AND ended_at IS NULL AND expires_at > now()
FOR SHARE
"""


class NoSupportAccessError(Exception):
    """There is no way in. The message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class SupportToken:
    """What an operator gets."""

    access_token: str = field(repr=False)
    seconds: int
    operator: str
    grant_expires_at: datetime


async def enter(settings: Settings, keys: SigningKeys, placement: TenantPlacement, grant_id: UUID) -> SupportToken:
    """A token for the operator of a grant. It can be had again, and again written down, for as long as the grant is.

    Raises:
        NoSupportAccessError: there is no such grant in this tenant, it is not approved, or it is over.
    """
    grant = await grant_of(placement.tenant_id, grant_id)
    if grant is None:
        message = "the tenant has no such support grant"
        raise NoSupportAccessError(message)
    status = status_of(grant, datetime.now(UTC))
    seconds = min(int(grant.expires_at.timestamp() - time.time()), settings.access_token_seconds)
    if status is not SupportGrantStatus.ACTIVE or seconds < 1:
        message = f"the support grant is {status.value}, not active"
        raise NoSupportAccessError(message)
    async with tenant_scope(placement, authorization_version=None):
        member = await Member.get_or_none(email=SUPPORT_ADDRESS, active=True)
        if member is None:
            message = "the tenant has deactivated the support member"
            raise NoSupportAccessError(message)
        actor = Actor(AuditActorKind.SUPPORT, member.id, grant.operator)
        async with in_both_schemas():
            await record(actor, "support_access:enter", AuditSubject("support_grant", grant.id))
            session_id = await _begin(placement.tenant_id, member.id, grant_id, grant.expires_at)
    acting = Acting(ActingKind.SUPPORT, SUPPORT_SCOPE, operator=grant.operator)
    subject = Subject(placement.tenant_id, member.id, session_id, int(time.time()), acting)
    token = issue(settings, await keys.signer(), subject, seconds=seconds)
    return SupportToken(token, seconds, grant.operator, grant.expires_at)


async def _begin(tenant_id: UUID, member_id: UUID, grant_id: UUID, ends: datetime) -> UUID:
    session_id, now = uuid7(), datetime.now(UTC)
    # Locked until the session is there: who ends the grant meanwhile waits for it, and ends it with the others. Who has
    # just done so is seen here.
    if not await connections.get("shared").execute_query_dict(_HOLD_GRANT, [grant_id]):
        message = "the support grant has just ended"
        raise NoSupportAccessError(message)
    await Session.create(
        id=session_id,
        tenant_id=tenant_id,
        member_id=member_id,
        kind=SessionKind.SUPPORT,
        support_grant_id=grant_id,
        authenticated_at=now,
        last_used_at=now,
        idle_expires_at=ends,
        expires_at=ends,
    )
    return session_id
