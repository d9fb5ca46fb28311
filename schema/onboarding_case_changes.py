"""What can be written about onboarding cases, and what is answered."""

from __future__ import annotations

import datetime

import strawberry

import resolvers.onboarding_case
from auth.permissions import PUBLIC, Permission
from models.tenant import OnboardingCaseState
from schema.fields import field, input_field, required_input_field
from schema.onboarding_case import OnboardingCase
from schema.user_error import UserError


@strawberry.input
class OnboardingCaseOpenInput:
    company_id: strawberry.ID = required_input_field(requires=Permission.ONBOARDING_CASE_WRITE)
    title: str = required_input_field(requires=Permission.ONBOARDING_CASE_WRITE)
    assignee_id: strawberry.ID | None = input_field(
        requires=Permission.ONBOARDING_CASE_WRITE, description="The member who works on it."
    )
    due_on: datetime.date | None = input_field(requires=Permission.ONBOARDING_CASE_WRITE)


@strawberry.input
class OnboardingCaseAdvanceInput:
    id: strawberry.ID = required_input_field(requires=Permission.ONBOARDING_CASE_WRITE)
    version: int = required_input_field(
        requires=Permission.ONBOARDING_CASE_WRITE, description="The version that you read; another one is a CONFLICT."
    )
    state: OnboardingCaseState = required_input_field(
        requires=Permission.ONBOARDING_CASE_WRITE,
        description="One of its nextStates. APPROVED and REJECTED ask for onboarding_case:approve too.",
    )


@strawberry.type
class OnboardingCaseOpenPayload:
    onboarding_case: OnboardingCase | None = field(
        requires=Permission.ONBOARDING_CASE_READ, read=resolvers.onboarding_case.of_payload
    )
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class OnboardingCaseAdvancePayload:
    onboarding_case: OnboardingCase | None = field(
        requires=Permission.ONBOARDING_CASE_READ,
        read=resolvers.onboarding_case.of_payload,
        description="As it is now, whether it advanced or not.",
    )
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
