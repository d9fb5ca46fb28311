"""The vocabulary of permissions: everything that a field, an input field or a mutation can ask for.

A permission is ``noun:verb`` or ``noun:verb_aspect``. Who holds which is decided elsewhere (``roles.py``,
``grants.py``); who asks for which is written on the fields themselves (``schema/``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal


class Permission(StrEnum):
    """One thing that a member may be allowed to do."""

    ORG_UNIT_READ = "org_unit:read"
    ORG_UNIT_WRITE = "org_unit:write"

    MEMBER_READ = "member:read"
    MEMBER_READ_EMAIL = "member:read_email"
    MEMBER_WRITE = "member:write"

    GROUP_READ = "group:read"

    ROLE_READ = "role:read"
    ROLE_WRITE = "role:write"

    COMPANY_READ = "company:read"
    COMPANY_READ_TAX = "company:read_tax"
    COMPANY_READ_FINANCIALS = "company:read_financials"
    COMPANY_WRITE = "company:write"
    COMPANY_WRITE_TAX = "company:write_tax"
    COMPANY_WRITE_CREDIT = "company:write_credit"
    COMPANY_IMPORT = "company:import"

    CONTACT_READ = "contact:read"
    CONTACT_READ_PERSONAL = "contact:read_personal"

    BANK_ACCOUNT_READ = "bank_account:read"
    BANK_ACCOUNT_READ_NUMBER = "bank_account:read_number"

    ONBOARDING_CASE_READ = "onboarding_case:read"
    ONBOARDING_CASE_WRITE = "onboarding_case:write"
    ONBOARDING_CASE_APPROVE = "onboarding_case:approve"

    IDENTITY_PROVIDER_READ = "identity_provider:read"
    IDENTITY_PROVIDER_WRITE = "identity_provider:write"

    DOMAIN_READ = "domain:read"
    DOMAIN_WRITE = "domain:write"

    SESSION_READ = "session:read"
    SESSION_END = "session:end"

    CLIENT_READ = "client:read"
    CLIENT_WRITE = "client:write"

    AUDIT_READ = "audit:read"

    SUPPORT_ACCESS_APPROVE = "support_access:approve"

    PERSONAL_ACCESS_TOKEN_WRITE = "personal_access_token:write"  # noqa: S105 # a permission, not a secret


Public = Literal["PUBLIC"]

# For what every signed-in member of the tenant may see or call. It has to be typed out: no field is public by silence.
PUBLIC: Final[Public] = "PUBLIC"

Requirement = Permission | Public
