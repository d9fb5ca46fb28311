from __future__ import annotations

import datetime
from enum import StrEnum

import strawberry
from strawberry.scalars import JSON

import resolvers.audit_event
from auth.permissions import Permission
from models import tenant as models
from schema.comparison import StringComparison
from schema.direction import Direction
from schema.fields import field, input_field, required_input_field, row_type
from schema.member import Member
from schema.node import Node


@row_type(model=models.AuditEvent, requires=Permission.AUDIT_READ, reach=None)
class AuditEvent(Node):
    """What was done in the tenant, by whom, to what. Nobody can change or remove one."""

    at: datetime.datetime = field(requires=Permission.AUDIT_READ)
    action: str = field(
        requires=Permission.AUDIT_READ, description="noun:verb, such as client:create or support_access:read."
    )
    actor_kind: str = field(
        requires=Permission.AUDIT_READ,
        description="member, client, support, identity_provider, operator, or anonymous.",
    )
    actor_id: strawberry.ID | None = field(
        requires=Permission.AUDIT_READ, description="The key of the member, client or identity provider."
    )
    member: Member | None = field(
        requires=Permission.MEMBER_READ, read=resolvers.audit_event.member, description="The member, if it was one."
    )
    operator: str | None = field(
        requires=Permission.AUDIT_READ,
        description="The e-mail address of somebody of this server's provider who acted in the tenant.",
    )
    subject_kind: str | None = field(requires=Permission.AUDIT_READ, description="What it was done to: a table's name.")
    subject_id: strawberry.ID | None = field(requires=Permission.AUDIT_READ, description="And the key of the row.")
    details: JSON = field(requires=Permission.AUDIT_READ, columns=("details",), compute=resolvers.audit_event.details)
    request_id: str | None = field(requires=Permission.AUDIT_READ, description="What the server's log knows it by.")


@strawberry.input
class AuditEventFilter:
    action: StringComparison | None = input_field(requires=Permission.AUDIT_READ, column="action")
    actor_kind: StringComparison | None = input_field(requires=Permission.AUDIT_READ, column="actor_kind")
    operator: StringComparison | None = input_field(requires=Permission.AUDIT_READ, column="operator")
    subject_kind: StringComparison | None = input_field(requires=Permission.AUDIT_READ, column="subject_kind")


@strawberry.enum(description="What audit events can be sorted by.")
class AuditEventOrderField(StrEnum):
    AT = "at"


@strawberry.input
class AuditEventOrder:
    field: AuditEventOrderField = required_input_field(requires=Permission.AUDIT_READ)
    direction: Direction = required_input_field(requires=Permission.AUDIT_READ)
