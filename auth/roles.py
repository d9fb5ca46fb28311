"""The roles that every tenant starts with. Their permissions are code, so a release extends them everywhere at once."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from auth.permissions import Permission

_READING = frozenset(permission for permission in Permission if ":read" in permission.value)

_ANALYST = frozenset(
    {
        Permission.ORG_UNIT_READ,
        Permission.MEMBER_READ,
        Permission.COMPANY_READ,
        Permission.COMPANY_WRITE,
        Permission.CONTACT_READ,
        Permission.CONTACT_READ_PERSONAL,
        Permission.BANK_ACCOUNT_READ,
        Permission.ONBOARDING_CASE_READ,
        Permission.ONBOARDING_CASE_WRITE,
    }
)

BUILT_IN_ROLES: Final = MappingProxyType(
    {
        "owner": frozenset(Permission),
        "auditor": _READING,
        "analyst": _ANALYST,
        "approver": _ANALYST | {Permission.COMPANY_READ_FINANCIALS, Permission.ONBOARDING_CASE_APPROVE},
    }
)
