"""The tables that each tenant has in its own schema."""

from models.tenant.audit_event import AuditActorKind, AuditEvent
from models.tenant.authorization_state import AuthorizationState
from models.tenant.bank_account import BankAccount
from models.tenant.company import Company, CompanyStatus
from models.tenant.contact import Contact
from models.tenant.member import Member, MemberKind
from models.tenant.member_group import GroupMembership, MemberGroup
from models.tenant.onboarding_case import OnboardingCase, OnboardingCaseState
from models.tenant.org_unit import OrgUnit
from models.tenant.role import Role, RoleInclusion
from models.tenant.role_assignment import RoleAssignment

__all__ = [
    "AuditActorKind",
    "AuditEvent",
    "AuthorizationState",
    "BankAccount",
    "Company",
    "CompanyStatus",
    "Contact",
    "GroupMembership",
    "Member",
    "MemberGroup",
    "MemberKind",
    "OnboardingCase",
    "OnboardingCaseState",
    "OrgUnit",
    "Role",
    "RoleAssignment",
    "RoleInclusion",
]
