"""What a filter can ask of a column. Parts of a comparison are joined by AND; absent and ``null`` parts ask nothing."""

from __future__ import annotations

import datetime
import decimal

import strawberry

from auth.permissions import PUBLIC
from models.tenant import CompanyStatus, OnboardingCaseState
from schema.fields import input_field

strawberry.enum(CompanyStatus, description="Where the business relation stands.")
strawberry.enum(OnboardingCaseState, description="The stations of an onboarding case.")


@strawberry.input
class StringComparison:
    equals: str | None = input_field(requires=PUBLIC)
    one_of: list[str] | None = input_field(requires=PUBLIC)
    contains: str | None = input_field(requires=PUBLIC, description="Case does not matter.")
    starts_with: str | None = input_field(requires=PUBLIC)
    is_null: bool | None = input_field(requires=PUBLIC)


@strawberry.input
class IntComparison:
    equals: int | None = input_field(requires=PUBLIC)
    at_least: int | None = input_field(requires=PUBLIC)
    at_most: int | None = input_field(requires=PUBLIC)
    is_null: bool | None = input_field(requires=PUBLIC)


@strawberry.input
class DecimalComparison:
    equals: decimal.Decimal | None = input_field(requires=PUBLIC)
    at_least: decimal.Decimal | None = input_field(requires=PUBLIC)
    at_most: decimal.Decimal | None = input_field(requires=PUBLIC)
    is_null: bool | None = input_field(requires=PUBLIC)


@strawberry.input
class DateComparison:
    equals: datetime.date | None = input_field(requires=PUBLIC)
    at_least: datetime.date | None = input_field(requires=PUBLIC)
    at_most: datetime.date | None = input_field(requires=PUBLIC)
    is_null: bool | None = input_field(requires=PUBLIC)


@strawberry.input
class IDComparison:
    equals: strawberry.ID | None = input_field(requires=PUBLIC)
    one_of: list[strawberry.ID] | None = input_field(requires=PUBLIC)
    is_null: bool | None = input_field(requires=PUBLIC)


@strawberry.input
class CompanyStatusComparison:
    equals: CompanyStatus | None = input_field(requires=PUBLIC)
    one_of: list[CompanyStatus] | None = input_field(requires=PUBLIC)


@strawberry.input
class OnboardingCaseStateComparison:
    equals: OnboardingCaseState | None = input_field(requires=PUBLIC)
    one_of: list[OnboardingCaseState] | None = input_field(requires=PUBLIC)
