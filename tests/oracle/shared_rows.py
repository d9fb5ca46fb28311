"""What a tenant has in the tables that all tenants share, as far as a query shows it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from auth.personal_access_tokens import LONGEST_DAYS
from models.shared import (
    Client,
    Domain,
    IdentityProvider,
    PersonalAccessToken,
    ScimToken,
    Session,
    SessionKind,
    SigningPolicy,
    SupportGrant,
)
from models.tenant import Member, OrgUnit
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from random import Random
    from uuid import UUID

    from tenancy.placement import TenantPlacement


async def seed_shared(placement: TenantPlacement, random: Random) -> None:
    """Clients of every kind; good, revoked and expired tokens of two members; support access in every state."""
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        members = sorted(await Member.all().values_list("id", flat=True))
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    await _connections(placement, now)
    provider_id = (await IdentityProvider.filter(tenant_id=placement.tenant_id).order_by("id").first().values("id"))[
        "id"
    ]
    for number, member_id in enumerate(members[:5]):
        await Client.create(
            tenant_id=placement.tenant_id,
            member_id=member_id,
            name=f"Client {number}",
            secret_hash=_digest(random) if number % 2 else None,
            jwks=None if number % 2 else {"keys": []},
            scopes=[None, [], ["company:read", "contact:read"]][number % 3],
            enabled=number != 1,
            expires_at=now + day if number == 2 else None,
            last_used_at=now if number == 3 else None,
            previous_secret_expires_at=now if number == 3 else None,
        )
    for number in range(8):
        await PersonalAccessToken.create(
            tenant_id=placement.tenant_id,
            member_id=members[number % 4 == 3],
            name=f"Token {number}",
            digest=_digest(random),
            scopes=[None, ["company:read"]][number % 2],
            expires_at=now - day if number % 4 == 2 else now + day * LONGEST_DAYS,
            last_used_at=now if number == 0 else None,
            revoked_at=now if number == 1 else None,
        )

    for number in range(4):
        await ScimToken.create(
            tenant_id=placement.tenant_id,
            identity_provider_id=provider_id,
            name=f"Provider's token {number}",
            digest=_digest(random),
            expires_at=now - day if number == 1 else now + day,
            last_used_at=now if number == 3 else None,
            revoked_at=now if number == 2 else None,
        )

    for number in range(7):
        await Session.create(
            tenant_id=placement.tenant_id,
            member_id=members[number % 4 == 3],
            kind=SessionKind.CLIENT if number == 4 else SessionKind.MEMBER,
            identity_provider_id=provider_id if number % 2 else None,
            acr="urn:mfa" if number == 1 else None,
            authenticated_at=now,
            last_used_at=now - day / 24,
            idle_expires_at=now - day if number == 5 else now + day,
            expires_at=now + day,
            revoked_at=now if number == 2 else None,
        )

    for number in range(6):
        approved, ended = number in {1, 2, 5}, number in {3, 5}
        await SupportGrant.create(
            tenant_id=placement.tenant_id,
            operator=f"operator{number}@support.example",
            reason=f"Case {number}",
            requested_at=now - day * 8 if number == 4 else now - day,
            approved_by=members[0] if approved else None,
            approved_at=now - day if approved else None,
            expires_at=now + day if number in {1, 5} else now - day / 2,
            ended_at=now if ended else None,
        )


async def load_support(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of its grants of support access."""
    rows: list[dict[str, Any]] = await SupportGrant.filter(tenant_id=tenant_id).values()
    return rows


async def _connections(placement: TenantPlacement, now: dt.datetime) -> None:
    """Identity providers of both kinds, in every state, and domains."""
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        units = sorted(await OrgUnit.all().values_list("id", flat=True))
    day = dt.timedelta(days=1)
    for number in range(6):
        of_saml = number % 2 == 1
        await IdentityProvider.create(
            tenant_id=placement.tenant_id,
            name=f"Provider {number}",
            kind="saml" if of_saml else "oidc",
            issuer=f"https://idp{number}.example/{placement.slug}",
            client_id=None if of_saml else f"client {number}",
            client_secret=b"sealed" if number == 2 else None,
            enabled=number > 3,
            tested_at=now if number > 2 else None,
            staged={"client_id": "waiting", "client_secret": "sealed"} if number == 4 else None,
            claim_names={"email": "mail", "full_name": "cn"} if number == 0 else {},
            metadata_url="https://idp.example/metadata" if number == 1 else None,
            # Nothing that could be read: what the document itself is warned about for is another test's business.
            saml_metadata="<x/>" if number == 3 else None,
            metadata_expires_at=now + day if number == 1 else None,
            certificate_expires_at=[None, now - day, None, now + 29 * day, None, now + 31 * day][number],
            signing_policy=SigningPolicy.BOTH,
            allow_unsolicited=number == 3,
            want_encrypted=number == 5,
            step_up_acr="urn:mfa" if number == 5 else None,
            provision_members=number == 2,
            default_org_unit_id=[None, units[0], units[-1], None, placement.tenant_id, units[1]][number],
            role_mapping=[{"claim": "groups", "value": "A", "role": "auditor"}] if number == 2 else [],
        )
    for name in (f"b.{placement.slug}.example", "a.example"):
        await Domain.create(
            tenant_id=placement.tenant_id,
            name=name,
            verification_token=f"token-of-{placement.slug}-{name}",
            verified_at=now if name == f"b.{placement.slug}.example" else None,
            checked_at=now if name == "a.example" else None,
        )


async def load_connections(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of the tenant's identity providers."""
    rows: list[dict[str, Any]] = await IdentityProvider.filter(tenant_id=tenant_id).values()
    return rows


async def load_domains(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of its domains."""
    rows: list[dict[str, Any]] = await Domain.filter(tenant_id=tenant_id).values()
    return rows


async def load_clients(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of the tenant's clients."""
    rows: list[dict[str, Any]] = await Client.filter(tenant_id=tenant_id).values()
    return rows


async def load_tokens(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of its members' personal access tokens."""
    rows: list[dict[str, Any]] = await PersonalAccessToken.filter(tenant_id=tenant_id).values()
    return rows


async def load_scim_tokens(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of its connections' SCIM tokens."""
    rows: list[dict[str, Any]] = await ScimToken.filter(tenant_id=tenant_id).values()
    return rows


async def load_sessions(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each row of its members' sessions, with the name of the connection."""
    found = Session.filter(tenant_id=tenant_id)
    rows: list[dict[str, Any]] = await found.values()
    names = dict(await found.values_list("id", "identity_provider__name"))
    return [row | {"identity_provider_name": names[row["id"]]} for row in rows]


def _digest(random: Random) -> bytes:
    return random.randbytes(32)
