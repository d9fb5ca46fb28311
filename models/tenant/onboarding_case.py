from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.company import Company
    from models.tenant.member import Member


class OnboardingCaseState(StrEnum):
    """The stations of a case. Which may follow which is in ``resolvers/onboarding_case.py``."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class OnboardingCase(TenantModel):
    """The way of one company through onboarding."""

    company: fields.ForeignKeyRelation[Company] = fields.ForeignKeyField(
        "tenant.Company", related_name="onboarding_cases", on_delete=fields.CASCADE
    )
    company_id: UUID
    title = fields.CharField(max_length=200)
    state = fields.CharEnumField(OnboardingCaseState, max_length=16, default=OnboardingCaseState.DRAFT)
    assignee: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "tenant.Member", related_name="onboarding_cases", null=True, on_delete=fields.SET_NULL
    )
    assignee_id: UUID | None
    due_on = fields.DateField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "onboarding_case"
        indexes = (("company_id", "id"), ("state", "id"), ("due_on", "id"), ("created_at", "id"), ("assignee_id", "id"))
