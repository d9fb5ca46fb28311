"""The life of a support grant: asked for by an operator, approved or denied by the tenant, and over by its hour.

A grant is for one operator, one tenant and a number of hours, which count from the approval. What it lets the operator
do is in ``entry.py``. Each step is called inside the tenant's scope, where it is written down; the grants themselves
are in a shared table, which is written in the same transaction.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from auth.audit import Actor, AuditSubject, record
from auth.support.member import support_member
from models.shared import SupportGrant, SupportGrantStatus
from models.tenant import AuditActorKind
from tenancy.both_schemas import in_both_schemas

if TYPE_CHECKING:
    from uuid import UUID

MOST_HOURS: Final = 24
LONGEST_REASON: Final = 500
# A request that nobody has answered for so long is not approved by mistake any more.
PENDING: Final = timedelta(days=7)

_SUBJECT: Final = "support_grant"


def status_of(grant: SupportGrant, now: datetime) -> SupportGrantStatus:
    """How far a grant has come by now. Only an active one lets anybody in."""
    if grant.ended_at is not None:
        return SupportGrantStatus.DENIED if grant.approved_at is None else SupportGrantStatus.ENDED
    if grant.approved_at is None:
        return SupportGrantStatus.PENDING if now < grant.requested_at + PENDING else SupportGrantStatus.EXPIRED
    return SupportGrantStatus.ACTIVE if now < grant.expires_at else SupportGrantStatus.EXPIRED


async def request_support(tenant_id: UUID, operator: str, reason: str, hours: int) -> SupportGrant:
    """Ask to be let in. It lets nobody in.

    Args:
        tenant_id: of the tenant.
        operator: the e-mail address of whoever asks.
        reason: a sentence for the tenant.
        hours: for how long, 1 to ``MOST_HOURS``, from when it is approved.
    """
    now = datetime.now(UTC)
    async with in_both_schemas():
        grant = await SupportGrant.create(
            tenant_id=tenant_id,
            operator=operator,
            reason=reason,
            requested_at=now,
            expires_at=now + timedelta(hours=hours),
        )
        await record(Actor(AuditActorKind.OPERATOR, operator=operator), "support_access:request", _subject(grant))
    return grant


async def approve_support(tenant_id: UUID, grant_id: UUID, approver: Actor) -> SupportGrant | None:
    """Let the operator of a request in, from now for the hours that were asked for; ``None``: there is no such request.

    One that was answered already, or waited too long, is none.
    """
    grant = await grant_of(tenant_id, grant_id)
    now = datetime.now(UTC)
    if grant is None or status_of(grant, now) is not SupportGrantStatus.PENDING:
        return None
    await support_member()
    expires_at = now + (grant.expires_at - grant.requested_at)
    details = {"operator": grant.operator, "minutes": minutes_of(grant)}
    # Compared once more by the statement itself: of two answers at once, one counts.
    pending = SupportGrant.filter(id=grant.id, tenant_id=tenant_id, approved_at=None, ended_at=None)
    async with in_both_schemas():
        if not await pending.update(approved_at=now, approved_by=approver.key, expires_at=expires_at, updated_at=now):
            return None
        await record(approver, "support_access:approve", _subject(grant), details=details)
    return await grant_of(tenant_id, grant_id)


async def end_support(tenant_id: UUID, grant_id: UUID, actor: Actor) -> SupportGrant | None:
    """Deny a request, or end what was approved, which ends its sessions with it (a trigger); ``None``: there is none.

    One that is over already is none.
    """
    grant = await grant_of(tenant_id, grant_id)
    now = datetime.now(UTC)
    if grant is None or status_of(grant, now) not in {SupportGrantStatus.PENDING, SupportGrantStatus.ACTIVE}:
        return None
    action = "support_access:deny" if grant.approved_at is None else "support_access:end"
    going_on = SupportGrant.filter(id=grant.id, tenant_id=tenant_id, ended_at=None)
    async with in_both_schemas():
        if not await going_on.update(ended_at=now, updated_at=now):
            return None
        await record(actor, action, _subject(grant), details={"operator": grant.operator})
    return await grant_of(tenant_id, grant_id)


async def grant_of(tenant_id: UUID, grant_id: UUID) -> SupportGrant | None:
    """The tenant's grant with this id; another tenant's is none."""
    return await SupportGrant.get_or_none(id=grant_id, tenant_id=tenant_id)


async def grants_of(tenant_id: UUID, most: int = 100) -> list[SupportGrant]:
    """A tenant's grants and requests, the newest first."""
    return await SupportGrant.filter(tenant_id=tenant_id).order_by("-id").limit(most)


def minutes_of(grant: SupportGrant) -> int:
    """For how long it lets somebody in, or let, or would."""
    return int((grant.expires_at - (grant.approved_at or grant.requested_at)).total_seconds()) // 60


def _subject(grant: SupportGrant) -> AuditSubject:
    return AuditSubject(_SUBJECT, grant.id)
