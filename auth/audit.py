"""What has happened in a tenant, written down where the tenant's owner can read it, and nobody can change it.

An event is recorded in the transaction that does what it tells of, so neither is there without the other. Details hold
identifiers, names of fields and fixed phrases: never a secret, a token, or what somebody typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson
from uuid_utils.compat import uuid7

from auth.acting import ActingKind
from models.tenant import AuditActorKind
from tenancy.scope import NotWrittenError, current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from auth.viewer import Viewer


_INSERT: Final = """
INSERT INTO audit_event
    (id, at, actor_kind, actor_id, operator, action, subject_kind, subject_id, details, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it.

    Attributes:
        kind: what ``key`` is a key of.
        key: absent where nobody has proved who they are, or an operator is not a row of the tenant's.
        operator: the e-mail address of somebody of ours who acts in the tenant.
    """

    kind: AuditActorKind
    key: UUID | None = None
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class AuditSubject:
    """What it was done to: a row of some table, here or in the shared schema."""

    kind: str
    key: UUID


def actor_of(viewer: Viewer) -> Actor:
    """The caller of a request, as whoever did it. A member's own script is the member; support names its operator."""
    acting = viewer.acting
    if acting is not None and acting.kind is ActingKind.CLIENT:
        return Actor(AuditActorKind.CLIENT, acting.client_id)
    if acting is not None and acting.kind is ActingKind.SUPPORT:
        return Actor(AuditActorKind.SUPPORT, viewer.member_id, acting.operator)
    return Actor(AuditActorKind.MEMBER, viewer.member_id)


NOBODY: Final = Actor(AuditActorKind.ANONYMOUS)


async def record(
    actor: Actor,
    action: str,
    subject: AuditSubject | None = None,
    *,
    details: Mapping[str, object] | None = None,
    request_id: str | None = None,
) -> None:
    """Write down one event in the tenant whose scope the running task is in; kept if the transaction is.

    Args:
        actor: who did it.
        action: ``noun:verb``, as permissions are named: ``session:begin``, ``identity_provider:update``.
        subject: what it was done to.
        details: what else whoever reads it has to know.
        request_id: of the request that did it, which the log has as well.

    Raises:
        NoTenantError: the running task is in no tenant's scope.
    """
    await current_scope().fetch(_INSERT, *_values(actor, action, subject, details, request_id))


async def record_alone(
    actor: Actor,
    action: str,
    subject: AuditSubject | None = None,
    *,
    details: Mapping[str, object] | None = None,
    request_id: str | None = None,
) -> None:
    """The same as a transaction of its own, in a scope in which nothing else has happened yet: one round trip.

    Args and Raises: as ``record``. It is kept when this returns.
    """
    values = _values(actor, action, subject, details, request_id)
    try:
        await current_scope().fetch_alone(_INSERT, *values, settled=True)
    except NotWrittenError:
        await current_scope().fetch(_INSERT, *values)


def _values(
    actor: Actor,
    action: str,
    subject: AuditSubject | None,
    details: Mapping[str, object] | None,
    request_id: str | None,
) -> tuple[object, ...]:
    return (
        uuid7(),
        datetime.now(UTC),
        actor.kind.value,
        actor.key,
        actor.operator,
        action,
        subject.kind if subject else None,
        subject.key if subject else None,
        orjson.dumps(dict(details or {})).decode(),
        request_id,
    )
