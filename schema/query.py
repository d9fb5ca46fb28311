from __future__ import annotations

import strawberry

import resolvers.audit_event
import resolvers.client
import resolvers.company
import resolvers.domain
import resolvers.identity_provider
import resolvers.member
import resolvers.node
import resolvers.onboarding_case
import resolvers.org_unit
import resolvers.role
import resolvers.scim_token
import resolvers.support_access
import resolvers.viewer
from auth.permissions import PUBLIC, Permission
from schema.audit_event import AuditEvent, AuditEventFilter, AuditEventOrder
from schema.client import Client
from schema.company import Company, CompanyFilter, CompanyOrder
from schema.connection import Connection
from schema.domain import Domain
from schema.fields import field, page
from schema.identity_provider import IdentityProvider
from schema.member import Member
from schema.node import Node
from schema.onboarding_case import OnboardingCase, OnboardingCaseFilter, OnboardingCaseOrder
from schema.org_unit import OrgUnit
from schema.role import Role
from schema.scim_token import ScimToken
from schema.support_access import SupportAccess
from schema.viewer import Viewer


@strawberry.type
class Query:
    node: Node | None = field(
        requires=PUBLIC,
        read=resolvers.node.node,
        arguments={"id": strawberry.ID},
        description="The object with this global id; null when there is none in reach.",
    )
    nodes: list[Node | None] = field(
        requires=PUBLIC,
        read=resolvers.node.nodes,
        arguments={"ids": list[strawberry.ID]},
        description="The objects with these global ids, in their order; null for each that is not in reach.",
    )
    viewer: Viewer = field(requires=PUBLIC, resolver=resolvers.viewer.viewer, description="Who is asking.")
    company: Company | None = field(
        requires=Permission.COMPANY_READ, read=resolvers.company.company, arguments={"id": strawberry.ID}
    )
    companies: Connection[Company] | None = page(
        requires=Permission.COMPANY_READ,
        read=resolvers.company.companies,
        filter_by=CompanyFilter,
        order_by=CompanyOrder,
    )
    onboarding_cases: Connection[OnboardingCase] | None = page(
        requires=Permission.ONBOARDING_CASE_READ,
        read=resolvers.onboarding_case.onboarding_cases,
        filter_by=OnboardingCaseFilter,
        order_by=OnboardingCaseOrder,
    )
    org_units: Connection[OrgUnit] | None = page(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.org_units)
    members: Connection[Member] | None = page(requires=Permission.MEMBER_READ, read=resolvers.member.members)
    roles: Connection[Role] | None = page(requires=Permission.ROLE_READ, read=resolvers.role.roles)
    clients: list[Client] | None = field(
        requires=Permission.CLIENT_READ,
        resolver=resolvers.client.clients,
        checks_reach=True,
        description="Partners' programs, the newest first.",
    )
    support_access: list[SupportAccess] | None = field(
        requires=Permission.SUPPORT_ACCESS_APPROVE,
        resolver=resolvers.support_access.support_access,
        description="Who of the provider of this server asks to be let in, or was: the last hundred, the newest first.",
    )
    audit_events: Connection[AuditEvent] | None = page(
        requires=Permission.AUDIT_READ,
        read=resolvers.audit_event.audit_events,
        filter_by=AuditEventFilter,
        order_by=AuditEventOrder,
        description="What was done in the tenant, and by whom; of support as well.",
    )
    identity_providers: list[IdentityProvider] | None = field(
        requires=Permission.IDENTITY_PROVIDER_READ,
        resolver=resolvers.identity_provider.identity_providers,
        description="The tenant's connections to identity providers, the oldest first.",
    )
    scim_tokens: list[ScimToken] | None = field(
        requires=Permission.IDENTITY_PROVIDER_READ,
        resolver=resolvers.scim_token.scim_tokens,
        description="The SCIM tokens of the tenant's connections that are still good, the newest first.",
    )
    domains: list[Domain] | None = field(
        requires=Permission.DOMAIN_READ,
        resolver=resolvers.domain.domains,
        description="The tenant's e-mail domains, by name.",
    )
