from __future__ import annotations

import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

import resolvers.company
import resolvers.member
import resolvers.onboarding_case
from auth.permissions import Permission
from models import tenant as models
from models.tenant import OnboardingCaseState
from resolvers.reads import UnitOf
from schema.comparison import DateComparison, IDComparison, OnboardingCaseStateComparison, StringComparison
from schema.direction import Direction
from schema.fields import field, input_field, required_input_field, row_type
from schema.member import Member
from schema.node import Node

if TYPE_CHECKING:
    from schema.company import Company


@row_type(
    model=models.OnboardingCase,
    requires=Permission.ONBOARDING_CASE_READ,
    reach=UnitOf("company_id", models.Company),
)
class OnboardingCase(Node):
    """The way of one company through onboarding."""

    title: str = field(requires=Permission.ONBOARDING_CASE_READ)
    state: OnboardingCaseState = field(requires=Permission.ONBOARDING_CASE_READ)
    due_on: datetime.date | None = field(requires=Permission.ONBOARDING_CASE_READ)
    closed_at: datetime.datetime | None = field(requires=Permission.ONBOARDING_CASE_READ)
    created_at: datetime.datetime = field(requires=Permission.ONBOARDING_CASE_READ)
    updated_at: datetime.datetime = field(requires=Permission.ONBOARDING_CASE_READ)
    version: int = field(requires=Permission.ONBOARDING_CASE_READ)
    next_states: list[OnboardingCaseState] = field(
        requires=Permission.ONBOARDING_CASE_READ,
        columns=("state",),
        compute=resolvers.onboarding_case.next_states,
        description="The states that may follow the present one.",
    )
    is_overdue: bool = field(
        requires=Permission.ONBOARDING_CASE_READ,
        columns=("state", "due_on"),
        compute=resolvers.onboarding_case.is_overdue,
        description="Whether the case still waits and its day has passed (UTC).",
    )
    assignee: Member | None = field(requires=Permission.MEMBER_READ, read=resolvers.member.assignee)
    company: Annotated[Company, strawberry.lazy("schema.company")] | None = field(
        requires=Permission.COMPANY_READ, read=resolvers.company.of_child
    )


@strawberry.input
class OnboardingCaseFilter:
    title: StringComparison | None = input_field(requires=Permission.ONBOARDING_CASE_READ, column="title")
    state: OnboardingCaseStateComparison | None = input_field(requires=Permission.ONBOARDING_CASE_READ, column="state")
    due_on: DateComparison | None = input_field(requires=Permission.ONBOARDING_CASE_READ, column="due_on")
    company: IDComparison | None = input_field(requires=Permission.COMPANY_READ, column="company_id")
    assignee: IDComparison | None = input_field(requires=Permission.MEMBER_READ, column="assignee_id")


@strawberry.enum(
    description="What onboarding cases can be sorted by. Each asks for the permission that reads the field."
)
class OnboardingCaseOrderField(StrEnum):
    CREATED_AT = "created_at"
    DUE_ON = "due_on"
    STATE = "state"


@strawberry.input
class OnboardingCaseOrder:
    field: OnboardingCaseOrderField = required_input_field(requires=Permission.ONBOARDING_CASE_READ)
    direction: Direction = required_input_field(requires=Permission.ONBOARDING_CASE_READ)
