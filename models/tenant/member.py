from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.org_unit import OrgUnit


class MemberKind(StrEnum):
    """A service is a client's or a script's place among the members: it holds roles, and nobody signs in as it."""

    PERSON = "person"
    SERVICE = "service"


class Member(TenantModel):
    """A person of the tenant. The identity provider settles who they are: (provider, subject), never an e-mail."""

    kind = fields.CharEnumField(
        MemberKind, max_length=16, default=MemberKind.PERSON, db_default=MemberKind.PERSON.value
    )
    email = fields.CharField(max_length=320, unique=True)
    full_name = fields.CharField(max_length=200)
    active = fields.BooleanField(default=True)
    org_unit: fields.ForeignKeyRelation[OrgUnit] = fields.ForeignKeyField(
        "tenant.OrgUnit", related_name="members", on_delete=fields.RESTRICT
    )
    org_unit_id: UUID
    identity_provider_id = fields.UUIDField(null=True)
    subject = fields.CharField(max_length=255, null=True)
    # What SCIM knows the member by: the provider's key, and the name that somebody signs in with there.
    external_id = fields.CharField(max_length=255, null=True)
    user_name = fields.CharField(max_length=320, null=True)
    # The user name as it is compared, so that no two members have names that only look different to a machine.
    user_name_key = fields.CharField(max_length=640, null=True, unique=True)
    # What the provider said beside that, in SCIM's own form, to be told again as it was said.
    scim_attributes: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    # The provider deleted the member: for SCIM they are gone. What they did still has somebody who did it.
    deprovisioned_at = fields.DatetimeField(null=True)

    class Meta:
        table = "member"
        unique_together = (("identity_provider_id", "subject"),)
        indexes = (("org_unit_id", "id"), ("full_name", "id"), ("identity_provider_id", "external_id"))
