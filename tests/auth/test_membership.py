"""Rows O17 and O18: whose identity is whose member."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from auth.sso.id_token import Identity, email_claims
from auth.sso.membership import member_of
from auth.sso.provider import Provider
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.rehearsal import rehearse
from auth.support.member import support_member
from models.tenant import Member, MemberKind
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_person, add_provider

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared import IdentityProvider
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person


def as_provider(row: IdentityProvider) -> Provider:
    return Provider(row.id, row.tenant_id, row.issuer, row.client_id or "", None)


def identity(subject: str, email: str | None, *, verified: bool = True) -> Identity:
    """As it is read from an ID token with these claims."""
    return Identity(subject, *email_claims({"email": email, "email_verified": verified}), authenticated_at=1)


async def outcome(placement: TenantPlacement, provider: Provider, claimed: Identity) -> UUID | Refusal:
    try:
        return await member_of(placement, provider, claimed)
    except SignInRefusedError as refused:
        return refused.reason


@pytest.fixture
async def provider(acme: TenantPlacement) -> Provider:
    return as_provider(await add_provider(acme))


@pytest.fixture
async def admin(acme: TenantPlacement, provider: Provider) -> Person:
    return await add_person(acme, "admin@acme.example", provider.id)


async def test_the_first_sign_in_links_by_verified_address_and_later_ones_by_subject(
    admin: Person, provider: Provider
) -> None:
    assert await outcome(admin.placement, provider, identity("s", "Admin@ACME.example")) == admin.member_id
    assert await outcome(admin.placement, provider, identity("s", None, verified=False)) == admin.member_id
    assert await outcome(admin.placement, provider, identity("s", "new@acme.example")) == admin.member_id


async def test_o17_nobody_signs_in_as_a_client_or_as_support(admin: Person, provider: Provider) -> None:
    async with tenant_scope(admin.placement, authorization_version=None):
        support = await support_member()
        client = await Member.create(
            kind=MemberKind.SERVICE, email="x@client.invalid", full_name="ERP", org_unit_id=admin.org_unit_id
        )
    for address in (support.email, client.email):
        assert await outcome(admin.placement, provider, identity("attacker", address)) is Refusal.NO_SUCH_MEMBER
        shown = await rehearse(admin.placement, provider, identity("attacker", address))
        assert (shown.member, shown.outcome) == (None, "The account is taken or closed.")
    async with tenant_scope(admin.placement, authorization_version=None):
        assert await Member.filter(kind=MemberKind.SERVICE, subject__isnull=False).count() == 0


async def test_o17_an_unverified_address_links_nobody(admin: Person, provider: Provider) -> None:
    claimed = identity("attacker", "admin@acme.example", verified=False)
    assert await outcome(admin.placement, provider, claimed) is Refusal.EMAIL_UNVERIFIED
    async with tenant_scope(admin.placement, authorization_version=None):
        assert (await Member.get(id=admin.member_id)).subject is None


async def test_o17_a_member_who_is_linked_is_not_linked_again_by_address(admin: Person, provider: Provider) -> None:
    await member_of(admin.placement, provider, identity("real", "admin@acme.example"))
    claimed = identity("attacker", "admin@acme.example")
    assert await outcome(admin.placement, provider, claimed) is Refusal.NO_SUCH_MEMBER
    second = as_provider(await add_provider(admin.placement))
    assert await outcome(admin.placement, second, identity("real", "admin@acme.example")) is Refusal.NO_SUCH_MEMBER


async def test_o17_an_address_of_another_tenants_domain_signs_in_nobody(
    admin: Person, globex: TenantPlacement, provider: Provider
) -> None:
    elsewhere = await add_person(globex, "admin@globex.example", (await add_provider(globex)).id)
    claimed = identity("s", "admin@globex.example")
    assert await outcome(admin.placement, provider, claimed) is Refusal.NO_SUCH_MEMBER
    async with tenant_scope(globex, authorization_version=None):
        assert (await Member.get(id=elsewhere.member_id)).subject is None


async def test_o18_the_same_subject_at_another_provider_is_another_person(
    admin: Person, globex: TenantPlacement, provider: Provider
) -> None:
    await member_of(admin.placement, provider, identity("subject-1", "admin@acme.example"))
    # Same issuer, same subject, another tenant's connection: the key is the connection, not what it calls itself.
    twin = as_provider(await add_provider(globex, issuer=provider.issuer))
    assert await outcome(globex, twin, identity("subject-1", "admin@acme.example")) is Refusal.NO_SUCH_MEMBER
    assert await outcome(admin.placement, twin, identity("subject-1", None)) is Refusal.EMAIL_UNVERIFIED


@pytest.mark.parametrize(
    "address",
    [
        "\u212aate@acme.example",  # a Kelvin sign, which most rules fold to k
        "kate@acme.e\u00d7ample",
        "\uff4bate@acme.example",
        "kate@acme.example\x00",
        " kate@acme.example",
        "kate@acme.example ",
        "kate@acme.example\n",
        "kate@ACME.example.",
        "kat%@acme.example",
        "",
    ],
)
async def test_o17_an_address_that_only_looks_alike_links_nobody(
    acme: TenantPlacement, provider: Provider, address: str
) -> None:
    await add_person(acme, "kate@acme.example", provider.id)
    assert await outcome(acme, provider, identity("attacker", address)) in {
        Refusal.NO_SUCH_MEMBER,
        Refusal.EMAIL_UNVERIFIED,
    }
    assert not isinstance(await outcome(acme, provider, identity("kate", "KATE@acme.example")), Refusal)


async def test_o17_a_member_whose_own_address_only_looks_alike_is_not_linked(
    acme: TenantPlacement, provider: Provider
) -> None:
    await add_person(acme, "\u212aate@acme.example", provider.id)
    assert await outcome(acme, provider, identity("s", "kate@acme.example")) is Refusal.NO_SUCH_MEMBER


async def test_o17_twins_in_all_but_case_are_told_apart_by_nobody(acme: TenantPlacement, provider: Provider) -> None:
    await add_person(acme, "kate@acme.example", provider.id)
    await add_person(acme, "Kate@acme.example", provider.id)
    assert await outcome(acme, provider, identity("s", "kate@acme.example")) is Refusal.NO_SUCH_MEMBER


async def test_an_inactive_member_is_neither_linked_nor_signed_in(acme: TenantPlacement, provider: Provider) -> None:
    person = await add_person(acme, "kate@acme.example", provider.id, active=False)
    assert await outcome(acme, provider, identity("s", "kate@acme.example")) is Refusal.NO_SUCH_MEMBER
    async with tenant_scope(acme, authorization_version=None):
        await Member.filter(id=person.member_id).update(identity_provider_id=provider.id, subject="s")
    assert await outcome(acme, provider, identity("s", None)) is Refusal.MEMBER_INACTIVE


async def test_two_first_sign_ins_at_once_link_once_and_both_arrive(admin: Person, provider: Provider) -> None:
    claimed = identity("s", "admin@acme.example")
    outcomes = await asyncio.gather(*(outcome(admin.placement, provider, claimed) for _ in range(6)))
    assert set(outcomes) == {admin.member_id}
