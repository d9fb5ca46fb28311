from __future__ import annotations

from typing import Final

import strawberry

import resolvers.client_change
import resolvers.client_create
import resolvers.companies_import
import resolvers.company_create
import resolvers.company_update
import resolvers.domain
import resolvers.identity_provider
import resolvers.onboarding_case_advance
import resolvers.onboarding_case_open
import resolvers.personal_access_token
import resolvers.scim_token
import resolvers.session
import resolvers.support_access
from auth.permissions import PUBLIC, Permission
from schema.client import (
    ClientCreateInput,
    ClientCreatePayload,
    ClientRotateSecretInput,
    ClientRotateSecretPayload,
    ClientSetEnabledInput,
    ClientSetEnabledPayload,
)
from schema.companies_import import CompaniesImportInput, CompaniesImportPayload
from schema.company_changes import (
    CompanyCreateInput,
    CompanyCreatePayload,
    CompanyUpdateInput,
    CompanyUpdatePayload,
)
from schema.domain import (
    DomainAddInput,
    DomainAddPayload,
    DomainRemoveInput,
    DomainRemovePayload,
    DomainVerifyInput,
    DomainVerifyPayload,
)
from schema.fields import administration, mutation
from schema.identity_provider_changes import (
    IdentityProviderCreateInput,
    IdentityProviderCreatePayload,
    IdentityProviderDeleteInput,
    IdentityProviderDeletePayload,
    IdentityProviderRotateKeyInput,
    IdentityProviderRotateKeyPayload,
    IdentityProviderSetEnabledInput,
    IdentityProviderSetEnabledPayload,
    IdentityProviderTestInput,
    IdentityProviderTestPayload,
    IdentityProviderUpdateInput,
    IdentityProviderUpdatePayload,
)
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
from schema.scim_token import (
    ScimTokenCreateInput,
    ScimTokenCreatePayload,
    ScimTokenRevokeInput,
    ScimTokenRevokePayload,
)
from schema.session import (
    MemberSessionsEndInput,
    MemberSessionsEndPayload,
    SessionEndInput,
    SessionEndPayload,
    SessionsEndInput,
    SessionsEndPayload,
)
from schema.support_access import (
    SupportAccessApproveInput,
    SupportAccessApprovePayload,
    SupportAccessEndInput,
    SupportAccessEndPayload,
)

# For what outlives the session that does it, or lets somebody else in: whoever finds a screen unlocked must not do it.
FRESH: Final = 15 * 60


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
        at_once=resolvers.company_update.at_once,
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
        authenticated_within=FRESH,
        description="Make a token for a script of your own. It may do what you may, at the most.",
    )
    personal_access_token_revoke: PersonalAccessTokenRevokePayload | None = mutation(
        requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE,
        takes=PersonalAccessTokenRevokeInput,
        change=resolvers.personal_access_token.revoke_token,
        description="End a token of your own.",
    )
    client_create: ClientCreatePayload | None = mutation(
        requires=Permission.CLIENT_WRITE,
        takes=ClientCreateInput,
        change=resolvers.client_create.create_client,
        authenticated_within=FRESH,
        description="Make a client for a partner's program. Its secret is in the answer and nowhere else.",
    )
    client_rotate_secret: ClientRotateSecretPayload | None = mutation(
        requires=Permission.CLIENT_WRITE,
        takes=ClientRotateSecretInput,
        change=resolvers.client_change.rotate,
        authenticated_within=FRESH,
        description="Give a client a new secret.",
    )
    client_set_enabled: ClientSetEnabledPayload | None = mutation(
        requires=Permission.CLIENT_WRITE,
        takes=ClientSetEnabledInput,
        change=resolvers.client_change.switch,
        description="Switch a client off, which ends its tokens within seconds, or on again.",
    )
    session_end: SessionEndPayload | None = mutation(
        requires=PUBLIC,
        takes=SessionEndInput,
        change=resolvers.session.end_one,
        description="End one of your own sessions, such as that of a device that you have lost.",
    )
    sessions_end: SessionsEndPayload | None = mutation(
        requires=PUBLIC,
        takes=SessionsEndInput,
        change=resolvers.session.end_own,
        description="Sign yourself out, wherever you are signed in.",
    )
    member_sessions_end: MemberSessionsEndPayload | None = mutation(
        requires=Permission.SESSION_END,
        takes=MemberSessionsEndInput,
        change=resolvers.session.end_members,
        description="Sign a member out, wherever they are signed in. Within seconds no token of theirs is taken.",
    )
    support_access_approve: SupportAccessApprovePayload | None = mutation(
        requires=Permission.SUPPORT_ACCESS_APPROVE,
        takes=SupportAccessApproveInput,
        change=resolvers.support_access.approve,
        authenticated_within=FRESH,
        description="Let somebody in who has asked for it. They may look at what is not guarded, and change nothing.",
    )
    support_access_end: SupportAccessEndPayload | None = mutation(
        requires=Permission.SUPPORT_ACCESS_APPROVE,
        takes=SupportAccessEndInput,
        change=resolvers.support_access.end,
        description="Deny a request, or end support access: within seconds no token of it is taken.",
    )
    identity_provider_create: IdentityProviderCreatePayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=IdentityProviderCreateInput,
        change=resolvers.identity_provider.create,
        authenticated_within=FRESH,
        description="Connect an identity provider. It is off until a test has worked and somebody switches it on.",
    )
    identity_provider_update: IdentityProviderUpdatePayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=IdentityProviderUpdateInput,
        change=resolvers.identity_provider.update,
        authenticated_within=FRESH,
        description="Change the keys that are given. What a test has proved stays in force until the next test.",
    )
    identity_provider_set_enabled: IdentityProviderSetEnabledPayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=IdentityProviderSetEnabledInput,
        change=resolvers.identity_provider.set_enabled,
        authenticated_within=FRESH,
        description="Let people sign in by a connection that was tested, or by one no more: then its sessions end.",
    )
    identity_provider_delete: IdentityProviderDeletePayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=IdentityProviderDeleteInput,
        change=resolvers.identity_provider.delete,
        authenticated_within=FRESH,
        description="Remove a connection that is off. Its members stay.",
    )
    identity_provider_test: IdentityProviderTestPayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=IdentityProviderTestInput,
        change=resolvers.identity_provider.test,
        description="The address of a dry run: it shows what the provider says, and signs nobody in.",
    )
    identity_provider_rotate_key: IdentityProviderRotateKeyPayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=IdentityProviderRotateKeyInput,
        change=resolvers.identity_provider.rotate_key,
        authenticated_within=FRESH,
        description="Make a new key of ours in a SAML connection. Give the provider our metadata anew right after.",
    )
    scim_token_create: ScimTokenCreatePayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=ScimTokenCreateInput,
        change=resolvers.scim_token.create_token,
        authenticated_within=FRESH,
        description="Make a token by which a connection's provider may create, change and deactivate members.",
    )
    scim_token_revoke: ScimTokenRevokePayload | None = administration(
        requires=Permission.IDENTITY_PROVIDER_WRITE,
        takes=ScimTokenRevokeInput,
        change=resolvers.scim_token.revoke_token,
        description="End a SCIM token at once.",
    )
    domain_add: DomainAddPayload | None = administration(
        requires=Permission.DOMAIN_WRITE,
        takes=DomainAddInput,
        change=resolvers.domain.add,
        description="Claim an e-mail domain. It counts once the TXT record is found that the answer names.",
    )
    domain_verify: DomainVerifyPayload | None = administration(
        requires=Permission.DOMAIN_WRITE,
        takes=DomainVerifyInput,
        change=resolvers.domain.verify,
        authenticated_within=FRESH,
        description="Look for the TXT record. A domain whose record is gone is verified no more.",
    )
    domain_remove: DomainRemovePayload | None = administration(
        requires=Permission.DOMAIN_WRITE,
        takes=DomainRemoveInput,
        change=resolvers.domain.remove,
        authenticated_within=FRESH,
        description="Take the claim of a domain back, and what hangs on it.",
    )
