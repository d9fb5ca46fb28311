from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class AuditActorKind(StrEnum):
    """Who did it."""

    MEMBER = "member"
    CLIENT = "client"
    SUPPORT = "support"
    IDENTITY_PROVIDER = "identity_provider"
    OPERATOR = "operator"
    ANONYMOUS = "anonymous"


class AuditEvent(Model):
    """What was done, by whom, to what. The tenant's role adds and reads events; it can't change or remove one."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    at = fields.DatetimeField(auto_now_add=True)
    actor_kind = fields.CharEnumField(AuditActorKind, max_length=32)
    # A member, a client or an identity provider, by the kind; absent where nobody had proved who they are.
    actor_id = fields.UUIDField(null=True)
    # Somebody of ours acting in the tenant, by e-mail address.
    operator = fields.CharField(max_length=320, null=True)
    action = fields.CharField(max_length=64)
    subject_kind = fields.CharField(max_length=64, null=True)
    subject_id = fields.UUIDField(null=True)
    details: fields.Field[dict[str, object]] = fields.JSONField(default=dict)
    request_id = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "audit_event"
        indexes = (("at", "id"), ("subject_id", "id"), ("actor_id", "id"))
