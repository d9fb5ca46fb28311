from __future__ import annotations

import strawberry

import resolvers.companies_import
import resolvers.company_create
import resolvers.company_update
import resolvers.onboarding_case_advance
import resolvers.onboarding_case_open
import resolvers.personal_access_token
from auth.permissions import Permission
from schema.companies_import import CompaniesImportInput, CompaniesImportPayload
from schema.company_changes import (
    CompanyCreateInput,
    CompanyCreatePayload,
    CompanyUpdateInput,
    CompanyUpdatePayload,
)
from schema.fields import mutation
from schema.onboarding_case_changes import (
    OnboardingCaseAdvanceInput,
    OnboardingCaseAdvancePayload,
    OnboardingCaseOpenInput,
    OnboardingCaseOpenPayload,
)
from schema.personal_access_token import (
    PersonalAccessTokenCreateInput,
    PersonalAccessTokenCreatePayload,
    PersonalAccessTokenRevokeInput,
    PersonalAccessTokenRevokePayload,
)


@strawberry.type
class Mutation:
    company_create: CompanyCreatePayload | None = mutation(
        requires=Permission.COMPANY_WRITE,
        takes=CompanyCreateInput,
        change=resolvers.company_create.create,
        description="Make a company.",
    )
    company_update: CompanyUpdatePayload | None = mutation(
        requires=Permission.COMPANY_WRITE,
        takes=CompanyUpdateInput,
        change=resolvers.company_update.update,
        description="Change the keys that are given of a company that nobody has changed since you read it.",
    )
    companies_import: CompaniesImportPayload | None = mutation(
        requires=Permission.COMPANY_IMPORT,
        takes=CompaniesImportInput,
        change=resolvers.companies_import.import_rows,
        description="Take many companies. Each row is taken whole or left out, and the others are taken without it.",
    )
    onboarding_case_open: OnboardingCaseOpenPayload | None = mutation(
        requires=Permission.ONBOARDING_CASE_WRITE,
        takes=OnboardingCaseOpenInput,
        change=resolvers.onboarding_case_open.open_case,
        description="Open a company's onboarding case. A company has one open case at most.",
    )
    onboarding_case_advance: OnboardingCaseAdvancePayload | None = mutation(
        requires=Permission.ONBOARDING_CASE_WRITE,
        takes=OnboardingCaseAdvanceInput,
        change=resolvers.onboarding_case_advance.advance,
        description="Take a case to one of its nextStates. To approve or reject it takes onboarding_case:approve too.",
    )
    personal_access_token_create: PersonalAccessTokenCreatePayload | None = mutation(
        requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE,
        takes=PersonalAccessTokenCreateInput,
        change=resolvers.personal_access_token.create_token,
        description="Make a token for a script of your own. It may do what you may, at the most.",
    )
    personal_access_token_revoke: PersonalAccessTokenRevokePayload | None = mutation(
        requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE,
        takes=PersonalAccessTokenRevokeInput,
        change=resolvers.personal_access_token.revoke_token,
        description="End a token of your own.",
    )
