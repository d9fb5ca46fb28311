"""Connections as their owners change them: checked, written down, never untested, and never another tenant's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx2
import pytest

from auth.audit import Actor
from auth.sso.connection import MOST_CONNECTIONS, OPERATOR, Author, Connections
from auth.sso.connection_settings import ChangeRefusedError, ProblemKind
from auth.sso.connection_staging import prove
from auth.sso.connection_view import issuer_of
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from auth.sso.provider import as_provider
from auth.sso.refusal import Refusal, SignInRefusedError
from models.shared import IdentityProvider, IdentityProviderKind, Session, SigningPolicy
from models.tenant import AuditActorKind, AuditEvent, Member, MemberGroup, Role
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_person
from tests.auth.saml.test_metadata_attacks import LOGOUT, SIGN_ON, entity, key, role
from tests.auth.test_outbound_attacks import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.placement import TenantPlacement

OIDC = {"name": "Okta", "issuer": "https://idp.example/acme", "client_id": "us"}
CANARY = "canary-secret"


def document(*, until: str | None = None, key_name: str = "idp") -> str:
    validity = "" if until is None else f' validUntil="{until}"'
    return entity(role(key(key_name) + LOGOUT + SIGN_ON), attributes=validity)


@dataclass
class Desk:
    """Where somebody changes connections of one tenant, each time in a scope of its own."""

    placement: TenantPlacement
    connections: Connections
    author: Author = OPERATOR

    async def create(self, kind: IdentityProviderKind = IdentityProviderKind.OIDC, **given: Any) -> IdentityProvider:  # noqa: ANN401 - settings
        settings = OIDC | given if kind is IdentityProviderKind.OIDC else {"name": "AD FS"} | given
        async with tenant_scope(self.placement, authorization_version=None):
            return await self.connections.create(self.author, kind, settings)

    async def update(self, row: IdentityProvider, *, discard_staged: bool = False, **given: object) -> IdentityProvider:
        async with tenant_scope(self.placement, authorization_version=None):
            await self.connections.update(self.author, row.id, given, discard_staged=discard_staged)
        return await IdentityProvider.get(id=row.id)

    async def switch(self, row: IdentityProvider, *, on: bool) -> None:
        async with tenant_scope(self.placement, authorization_version=None):
            await self.connections.set_enabled(self.author, row.id, enabled=on)

    async def delete(self, row: IdentityProvider) -> None:
        async with tenant_scope(self.placement, authorization_version=None):
            await self.connections.delete(self.author, row.id)

    async def test(self, row: IdentityProvider) -> str:
        async with tenant_scope(self.placement, authorization_version=None):
            return await self.connections.test_address(self.author, row.id)

    async def tested(self, **given: Any) -> IdentityProvider:  # noqa: ANN401 - as above
        row = await self.create(**given)
        await prove(self.placement, row.id, row.revision)
        return await IdentityProvider.get(id=row.id)

    async def events(self, row: IdentityProvider) -> list[AuditEvent]:
        async with tenant_scope(self.placement, authorization_version=None, read_only=True):
            return await AuditEvent.filter(subject_id=row.id).order_by("id")


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[Connections]:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200 if request.url.path == "/metadata" else 404, text=document())

    outbound = Outbound(settings, httpx2.MockTransport(answer))
    yield Connections(settings, outbound, LookUps(8))
    await outbound.close()


@pytest.fixture
def desk(acme: TenantPlacement, connections: Connections) -> Desk:
    return Desk(acme, connections)


async def problems(changing: Any) -> list[tuple[str, ProblemKind]]:  # noqa: ANN401 - a coroutine of any of the above
    with pytest.raises(ChangeRefusedError) as refused:
        await changing
    return [(problem.setting, problem.kind) for problem in refused.value.problems]


async def test_a_connection_is_made_off_and_its_secret_is_only_kept_sealed(desk: Desk, settings: Settings) -> None:
    row = await desk.create(client_secret=CANARY, claim_email="mail", provision_members=True)
    row = await IdentityProvider.get(id=row.id)
    assert (row.enabled, row.tested_at, row.kind, row.tenant_id) == (False, None, "oidc", desk.placement.tenant_id)
    assert (row.claim_names, row.provision_members) == ({"email": "mail"}, True)
    assert as_provider(settings, row).client_secret == CANARY
    assert CANARY.encode() not in bytes(row.client_secret or b"")
    (event,) = await desk.events(row)
    assert (event.action, event.actor_kind) == ("identity_provider:create", AuditActorKind.OPERATOR)
    assert event.details == {
        "kind": "oidc",
        "fields": ["claim_email", "client_id", "client_secret", "issuer", "name", "provision_members"],
    }


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("name", " "),
        ("name", "a\nb"),
        ("name", "n" * 201),
        ("issuer", "http://idp.example"),
        ("issuer", "https://user@idp.example"),
        ("issuer", "https://idp.example/#x"),
        ("issuer", "https://idp.example/?x"),
        ("issuer", "https://idp.example/" + "x" * 1024),
        ("issuer", "javascript:alert(1)"),
        ("client_id", ""),
        ("client_id", "us\u0000"),
        ("client_id", "ünser"),
        ("client_id", None),
        ("client_secret", " "),
        ("client_secret", "s" * 2049),
        ("claim_email", ""),
        ("claim_groups", "g" * 501),
        ("signing_policy", SigningPolicy.BOTH),
        ("metadata", "<x/>"),
        ("allow_unsolicited", True),
    ],
)
async def test_a_setting_that_makes_no_sense_is_refused_and_leaves_nothing(
    desk: Desk,
    setting: str,
    value: Any,  # noqa: ANN401 - of any type
) -> None:
    assert await problems(desk.create(**{setting: value})) == [(setting, ProblemKind.INVALID)]
    assert await IdentityProvider.filter(tenant_id=desk.placement.tenant_id).count() == 0


async def test_everything_that_is_wrong_is_said_at_once(desk: Desk) -> None:
    wrong: dict[str, Any] = {"name": "", "issuer": "ftp://x", "default_org_unit_id": uuid4()}
    assert {setting for setting, _ in await problems(desk.create(**wrong))} == set(wrong)


async def test_roles_and_org_units_are_the_tenants_own(desk: Desk, globex: TenantPlacement) -> None:
    own = await add_person(desk.placement, "a@acme.example", uuid4())
    foreign = await add_person(globex, "a@globex.example", uuid4())
    async with tenant_scope(globex, authorization_version=None):
        theirs = await Role.create(key=f"only-here-{uuid4().hex}", name="Only here", permissions=[])
    assert (await desk.create(default_org_unit_id=own.org_unit_id)).default_org_unit_id == own.org_unit_id
    unknown = [("default_org_unit_id", ProblemKind.UNKNOWN)]
    assert await problems(desk.create(client_id="2", default_org_unit_id=foreign.org_unit_id)) == unknown
    for mapped, kind in (
        (theirs.key, ProblemKind.UNKNOWN),
        ("nobody", ProblemKind.UNKNOWN),
        ("owner", ProblemKind.INVALID),
    ):
        rules = [
            {"claim": "groups", "value": "A", "role": "auditor"},
            {"claim": "groups", "value": "B", "role": mapped},
        ]
        assert await problems(desk.create(client_id="2", role_mapping=rules)) == [("role_mapping", kind)]


async def test_a_role_that_decides_about_others_is_not_mapped(desk: Desk) -> None:
    async with tenant_scope(desk.placement, authorization_version=None):
        deciding = await Role.create(
            key=f"deciding-{uuid4().hex}", name="Deciding", permissions=["identity_provider:write"]
        )
    rules = [{"claim": "groups", "value": "A", "role": deciding.key}]
    assert await problems(desk.create(role_mapping=rules)) == [("role_mapping", ProblemKind.INVALID)]


async def test_a_saml_connection_is_made_of_metadata_or_of_its_address(desk: Desk) -> None:
    made = await desk.create(IdentityProviderKind.SAML, metadata=document(), signing_policy=SigningPolicy.BOTH)
    assert (made.issuer, made.client_id, made.metadata_url) == ("https://idp.example/saml", None, None)
    assert made.certificate_expires_at is not None
    await desk.delete(made)
    fetched = await desk.create(IdentityProviderKind.SAML, metadata_url="https://idp.example/metadata")
    assert (fetched.saml_metadata, fetched.metadata_url) == (document(), "https://idp.example/metadata")
    again = desk.create(IdentityProviderKind.SAML, metadata=document())
    assert await problems(again) == [("metadata", ProblemKind.CONFLICT)]


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"metadata": "no metadata"}, "metadata"),
        ({"metadata": "\ud800"}, "metadata"),
        ({"metadata": "<!DOCTYPE x>" + document()}, "metadata"),
        ({"metadata_url": "https://idp.example/nothing-here"}, "metadata_url"),
        ({"metadata_url": "http://idp.example/metadata"}, "metadata_url"),
        ({"metadata": document(), "metadata_url": "https://idp.example/metadata"}, "metadata"),
        ({"metadata": document(), "client_secret": "x"}, "client_secret"),
    ],
)
async def test_metadata_that_will_not_do_is_refused(desk: Desk, given: dict[str, Any], setting: str) -> None:
    made = desk.create(IdentityProviderKind.SAML, **given)
    assert await problems(made) == [(setting, ProblemKind.INVALID)]


async def test_a_saml_connection_is_there_before_the_providers_metadata(desk: Desk) -> None:
    first, second = [await desk.create(IdentityProviderKind.SAML) for _ in range(2)]
    assert [issuer_of(row) for row in (first, second)] == [None, None]
    assert await problems(desk.test(first)) == [("metadata", ProblemKind.CONFLICT)]
    assert issuer_of(await desk.update(first, metadata=document())) == "https://idp.example/saml"
    assert "/auth/test?ticket=" in await desk.test(first)
    assert await problems(desk.update(second, metadata=document())) == [("metadata", ProblemKind.CONFLICT)]


async def test_an_openid_connection_is_there_before_the_provider_knows_us(desk: Desk) -> None:
    async with tenant_scope(desk.placement, authorization_version=None):
        made = [
            await desk.connections.create(OPERATOR, IdentityProviderKind.OIDC, {"name": "Okta", **given})
            for given in ({}, {}, {"issuer": "https://idp.example/acme"})
        ]
    assert [issuer_of(row) for row in made] == [None, None, "https://idp.example/acme"]
    assert await problems(desk.test(made[0])) == [(name, ProblemKind.CONFLICT) for name in ("issuer", "client_id")]
    assert await problems(desk.test(made[2])) == [("client_id", ProblemKind.CONFLICT)]
    await desk.update(made[2], client_id="us")
    assert "/auth/test?ticket=" in await desk.test(made[2])


async def test_what_is_in_our_network_is_not_told_from_what_is_nowhere(desk: Desk) -> None:
    said = []
    for reason in (Refusal.UNSAFE_ADDRESS, Refusal.PROVIDER_UNREACHABLE):

        async def refuse(_: httpx2.Request, reason: Refusal = reason) -> httpx2.Response:
            raise SignInRefusedError(reason)

        outbound = Outbound(PRODUCTION, httpx2.MockTransport(refuse))
        desk.connections = Connections(PRODUCTION, outbound, LookUps(8))
        with pytest.raises(ChangeRefusedError) as refused:
            await desk.create(IdentityProviderKind.SAML, metadata_url="https://inside.example/metadata")
        said.append(refused.value.problems)
        await outbound.close()
    assert said[0] == said[1]


async def test_the_same_connection_twice_is_a_conflict_and_no_event(desk: Desk) -> None:
    row = await desk.create()
    assert await problems(desk.create(name="Again")) == [("issuer", ProblemKind.CONFLICT)]
    other = await desk.create(client_id="other")
    assert await problems(desk.update(other, client_id="us")) == [("client_id", ProblemKind.CONFLICT)]
    assert [event.action for event in await desk.events(other)] == ["identity_provider:create"]
    await prove(desk.placement, other.id, other.revision)
    waiting = desk.update(other, client_id="us")
    assert await problems(waiting) == [("client_id", ProblemKind.CONFLICT)], "it could never be put in force"
    await desk.delete(row)


async def test_nothing_is_switched_on_before_a_test(desk: Desk) -> None:
    row = await desk.create()
    assert await problems(desk.switch(row, on=True)) == [("enabled", ProblemKind.CONFLICT)]
    await prove(desk.placement, row.id, row.revision)
    await desk.switch(row, on=True)
    assert (await IdentityProvider.get(id=row.id)).enabled
    assert [event.action for event in await desk.events(row)] == [
        f"identity_provider:{verb}" for verb in ("create", "prove", "enable")
    ]


async def test_what_a_test_proved_stays_in_force_until_the_next_test(desk: Desk, settings: Settings) -> None:
    row = await desk.tested(client_secret="before", claim_groups="roles")
    await desk.switch(row, on=True)
    changed = await desk.update(row, name="New", client_secret=CANARY, claim_email="mail", client_id="new")
    assert (changed.name, changed.client_id, changed.enabled) == ("New", "us", True)
    assert as_provider(settings, changed).client_secret == "before"
    assert changed.tested_at == row.tested_at
    assert set(changed.staged or ()) == {"client_id", "client_secret", "claim_names"}
    assert CANARY not in str(changed.staged)
    await prove(desk.placement, row.id, row.revision)
    assert (await IdentityProvider.get(id=row.id)).staged, "a test of what was there before proves nothing"
    await prove(desk.placement, row.id, changed.revision)
    proved = await IdentityProvider.get(id=row.id)
    assert (proved.client_id, proved.claim_names, proved.staged) == ("new", {"groups": "roles", "email": "mail"}, None)
    assert as_provider(settings, proved).client_secret == CANARY
    assert proved.enabled
    event = (await desk.events(row))[-1]
    assert (event.actor_kind, event.actor_id) == (AuditActorKind.IDENTITY_PROVIDER, row.id)
    assert event.details == {"applied": ["claim_names", "client_id", "client_secret"]}


async def test_a_change_of_what_was_never_tested_is_in_force_at_once(desk: Desk) -> None:
    row = await desk.create(claim_email="mail", client_secret=CANARY)
    changed = await desk.update(row, issuer="https://other.example", claim_email=None, client_secret=None)
    assert changed.client_secret is None
    assert (changed.issuer, changed.claim_names, changed.staged) == ("https://other.example", {}, None)
    await prove(desk.placement, row.id, row.revision)
    assert (await IdentityProvider.get(id=row.id)).tested_at is None


async def test_what_waits_is_forgotten_when_it_is_taken_back_or_discarded(desk: Desk) -> None:
    row = await desk.tested()
    assert (await desk.update(row, client_id="new")).staged == {"client_id": "new"}
    assert (await desk.update(row, client_id="us")).staged is None
    await desk.update(row, client_id="new", client_secret="s")
    assert (await desk.update(row, discard_staged=True, claim_email="m")).staged == {"claim_names": {"email": "m"}}


async def test_a_document_that_only_lasts_longer_needs_no_test(desk: Desk) -> None:
    soon = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    later = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = await desk.create(IdentityProviderKind.SAML, metadata=document(until=soon))
    await prove(desk.placement, row.id, row.revision)
    longer = await desk.update(row, metadata=document(until=later))
    assert longer.staged is None
    assert longer.metadata_expires_at == datetime.fromisoformat(later)
    keyed = await desk.update(row, metadata=document(key_name="other"))
    assert {"saml_metadata"} <= set(keyed.staged or ())
    assert keyed.saml_metadata == longer.saml_metadata


async def test_people_who_are_known_are_not_handed_to_another_provider(desk: Desk) -> None:
    row = await desk.tested()
    person = await add_person(desk.placement, "a@acme.example", row.id)
    await desk.update(row, issuer="https://idp.example/corrected")
    async with tenant_scope(desk.placement, authorization_version=None):
        await Member.filter(id=person.member_id).update(identity_provider_id=row.id, subject="s")
    moved = desk.update(row, issuer="https://elsewhere.example")
    assert await problems(moved) == [("issuer", ProblemKind.CONFLICT)]
    waiting = await IdentityProvider.get(id=row.id)
    with pytest.raises(SignInRefusedError) as refused:
        await prove(desk.placement, row.id, waiting.revision)
    assert refused.value.reason is Refusal.CHANGE, "it was to be another before anybody was known by it"
    assert (await IdentityProvider.get(id=row.id)).issuer == row.issuer
    assert [event.action for event in await desk.events(row)].count("identity_provider:prove") == 1


async def test_whoever_came_in_by_a_connection_does_not_switch_it_off(desk: Desk) -> None:
    only = await desk.tested()
    person = await add_person(desk.placement, "a@acme.example", only.id)
    await desk.switch(only, on=True)
    desk.author = await session_of(desk, person.member_id, only.id)
    assert await problems(desk.switch(only, on=False)) == [("enabled", ProblemKind.CONFLICT)]
    desk.author = OPERATOR
    second = await desk.tested(client_id="second")
    await desk.switch(second, on=True)
    desk.author = await session_of(desk, person.member_id, only.id)
    assert await problems(desk.switch(only, on=False)) == [("enabled", ProblemKind.CONFLICT)]
    desk.author = await session_of(desk, person.member_id, second.id)
    await desk.switch(only, on=False)
    assert await problems(desk.switch(second, on=False)) == [("enabled", ProblemKind.CONFLICT)]
    desk.author = OPERATOR
    await desk.switch(second, on=False)


async def session_of(desk: Desk, member_id: UUID, provider_id: UUID) -> Author:
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    session = await Session.create(
        tenant_id=desk.placement.tenant_id,
        member_id=member_id,
        identity_provider_id=provider_id,
        authenticated_at=now,
        last_used_at=now,
        idle_expires_at=later,
        expires_at=later,
    )
    return Author(Actor(AuditActorKind.MEMBER, member_id), session.id, "request")


async def test_of_two_who_switch_off_the_last_two_one_is_refused(desk: Desk) -> None:
    first, second = await desk.tested(), await desk.tested(client_id="second")
    for row in (first, second):
        await desk.switch(row, on=True)
    person = await add_person(desk.placement, "a@acme.example", first.id)
    desk.author = Author(Actor(AuditActorKind.MEMBER, person.member_id), uuid4())
    outcomes = await asyncio.gather(*(desk.switch(row, on=False) for row in (first, second)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [ChangeRefusedError]
    assert await IdentityProvider.filter(tenant_id=desk.placement.tenant_id, enabled=True).count() == 1


async def test_a_connection_that_is_deleted_lets_go_of_its_people(desk: Desk) -> None:
    row = await desk.tested()
    person = await add_person(desk.placement, "a@acme.example", row.id)
    async with tenant_scope(desk.placement, authorization_version=None):
        await Member.filter(id=person.member_id).update(identity_provider_id=row.id, subject="s", external_id="e")
        group = await MemberGroup.create(display_name="Group", identity_provider_id=row.id, external_id="g")
    await desk.switch(row, on=True)
    assert await problems(desk.delete(row)) == [("id", ProblemKind.CONFLICT)]
    await desk.switch(row, on=False)
    await desk.delete(row)
    async with tenant_scope(desk.placement, authorization_version=None, read_only=True):
        member, kept = await Member.get(id=person.member_id), await MemberGroup.get(id=group.id)
    assert (member.identity_provider_id, member.subject, member.external_id) == (None, None, None)
    assert (kept.identity_provider_id, kept.external_id) == (None, None)
    assert [event.action for event in await desk.events(row)][-1] == "identity_provider:delete"


async def test_another_tenants_connection_does_not_exist(
    desk: Desk, globex: TenantPlacement, connections: Connections
) -> None:
    row = await desk.tested()
    stranger = Desk(globex, connections)
    for attempt in (
        stranger.update(row, name="Mine"),
        stranger.switch(row, on=True),
        stranger.delete(row),
        stranger.test(row),
    ):
        assert await problems(attempt) == [("id", ProblemKind.UNKNOWN)]
    await prove(globex, row.id, row.revision)
    assert await IdentityProvider.get(id=row.id) == row
    assert (await IdentityProvider.get(id=row.id)).tested_at == row.tested_at
    async with tenant_scope(globex, authorization_version=None, read_only=True):
        assert await connections.all() == []
        assert await AuditEvent.filter(subject_id=row.id).count() == 0


async def test_a_tenant_has_not_any_number_of_connections(desk: Desk) -> None:
    for number in range(MOST_CONNECTIONS):
        await IdentityProvider.create(
            tenant_id=desk.placement.tenant_id, name="N", issuer="https://idp.example", client_id=str(number)
        )
    assert await problems(desk.create()) == [("id", ProblemKind.CONFLICT)]


async def test_slow_strangers_hold_few_transactions() -> None:
    look_ups = LookUps(pool_size=8)
    first, second, third = uuid4(), uuid4(), uuid4()
    with look_ups.one(first, "metadata_url"), look_ups.one(second, "metadata_url"):
        for tenant in (first, third):
            with pytest.raises(ChangeRefusedError), look_ups.one(tenant, "metadata_url"):
                pass
    with look_ups.one(third, "metadata_url"):
        pass
