# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested
"""A change in the shared schema and the tenant's event of it: after a crash at any point both are there, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import httpx2
import pytest

from auth.audit import Actor, AuditSubject, record
from auth.oauth.client_registry import NewClient, rotate_secret, set_enabled
from auth.oauth.client_registry import create as create_client
from auth.sessions.ending import end_sessions
from auth.sso.connection import OPERATOR, Connections
from auth.sso.domain_claims import DomainClaims
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from auth.support.grant import approve_support, end_support, request_support
from models.shared import (
    Client,
    Domain,
    IdentityProvider,
    IdentityProviderKind,
    ServiceProviderKey,
    Session,
    SupportGrant,
)
from models.tenant import AuditActorKind, AuditEvent, Member, Role
from tenancy.both_schemas import in_both_schemas
from tenancy.scope import TransactionLostError, current_scope, tenant_scope
from tests.tenancy.units import kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from uuid import UUID

    from auth.sessions.session import Sessions
    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person

ACTOR = Actor(AuditActorKind.OPERATOR)
OIDC = {"name": "Okta", "issuer": "https://idp.example/acme", "client_id": "us"}
SHARED = (Client, Domain, IdentityProvider, Session, SupportGrant)


class Desk:
    """Everything that a tenant keeps in the shared schema, and what may be done to it."""

    def __init__(self, owner: Person, connections: Connections, domains: DomainClaims) -> None:
        self.owner, self.tenant = owner, owner.placement
        self.connections, self.domains = connections, domains
        self.rows: dict[str, UUID] = {}

    async def set_up(self) -> None:
        tenant_id = self.tenant.tenant_id
        async with tenant_scope(self.tenant, authorization_version=None):
            connection = await self.connections.create(OPERATOR, IdentityProviderKind.SAML, {"name": "AD FS"})
            client = await create_client(await self._new_client(), ACTOR)
            grants = [await request_support(tenant_id, "ops@example.com", "Case 7", 1) for _ in range(2)]
            await approve_support(tenant_id, grants[1].id, ACTOR)
            domain = await self.domains.add(OPERATOR, "crash.example")
        self.rows = {
            "connection": connection.id,
            "client": client.client.id,
            "asked": grants[0].id,
            "approved": grants[1].id,
            "domain": domain.id,
        }

    async def _new_client(self) -> NewClient:
        role = await Role.get(key="auditor")
        return NewClient(self.tenant.tenant_id, "ERP", self.owner.org_unit_id, role.id, None, None, None)

    async def create_connection(self) -> None:
        await self.connections.create(OPERATOR, IdentityProviderKind.OIDC, OIDC)

    async def update_connection(self) -> None:
        await self.connections.update(OPERATOR, self.rows["connection"], {"name": "Entra"})

    async def switch_connection(self) -> None:
        await self.connections.set_enabled(OPERATOR, self.owner.provider_id, enabled=False)

    async def delete_connection(self) -> None:
        await self.connections.delete(OPERATOR, self.rows["connection"])

    async def rotate_key(self) -> None:
        await self.connections.rotate_key(OPERATOR, self.rows["connection"])

    async def add_domain(self) -> None:
        await self.domains.add(OPERATOR, "second.crash.example")

    async def remove_domain(self) -> None:
        await self.domains.remove(OPERATOR, self.rows["domain"])

    async def create_client(self) -> None:
        await create_client(await self._new_client(), ACTOR)

    async def rotate_secret(self) -> None:
        await rotate_secret(self.tenant.tenant_id, self.rows["client"], ACTOR)

    async def switch_client(self) -> None:
        await set_enabled(self.tenant.tenant_id, self.rows["client"], ACTOR, enabled=False)

    async def request_support(self) -> None:
        await request_support(self.tenant.tenant_id, "ops@example.com", "Case 8", 1)

    async def approve_support(self) -> None:
        await approve_support(self.tenant.tenant_id, self.rows["asked"], ACTOR)

    async def end_support(self) -> None:
        await end_support(self.tenant.tenant_id, self.rows["approved"], ACTOR)

    async def end_sessions(self) -> None:
        async with in_both_schemas():
            await end_sessions(self.tenant.tenant_id, self.owner.member_id, "ended_by_member")
            await record(ACTOR, "session:end", AuditSubject("member", self.owner.member_id))

    async def kept(self) -> list[list[dict[str, object]]]:
        """All of it, as it is in the database."""
        shared = [await each.filter(tenant_id=self.tenant.tenant_id).order_by("id").values() for each in SHARED]
        keys = await ServiceProviderKey.filter(identity_provider_id=self.rows["connection"]).order_by("id").values()
        async with tenant_scope(self.tenant, authorization_version=None, read_only=True):
            events = await AuditEvent.all().order_by("id").values()
            members = await Member.all().order_by("id").values()
        return [*shared, keys, events, members]


CHANGES: list[Callable[[Desk], Awaitable[None]]] = [
    value for name, value in vars(Desk).items() if not name.startswith("_") and name not in {"set_up", "kept"}
]


@pytest.fixture
async def desk(settings: Settings, owner: Person, sessions: Sessions) -> AsyncIterator[Desk]:
    outbound, look_ups = Outbound(settings, httpx2.MockTransport(lambda _: httpx2.Response(404))), LookUps(8)
    opened = Desk(owner, Connections(settings, outbound, look_ups), DomainClaims(settings, look_ups))
    await opened.set_up()
    tenant_id = owner.placement.tenant_id
    await sessions.begin(
        tenant_id=tenant_id,
        member_id=owner.member_id,
        identity_provider_id=owner.provider_id,
        authenticated_at=1_800_000_000,
    )
    yield opened
    await outbound.close()
    for each in SHARED:
        await each.filter(tenant_id=tenant_id).delete()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_a_crash_before_the_end_keeps_neither(
    desk: Desk, database: Database, change: Callable[[Desk], Awaitable[None]]
) -> None:
    before = await desk.kept()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TransactionLostError)):
        async with tenant_scope(desk.tenant, authorization_version=None) as session:
            await change(desk)
            ((pid,),) = await session.fetch("SELECT pg_backend_pid()")
            await kill(database, pid)
    assert await desk.kept() == before


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_otherwise_both_are_kept(desk: Desk, change: Callable[[Desk], Awaitable[None]]) -> None:
    before = await desk.kept()
    async with tenant_scope(desk.tenant, authorization_version=None):
        await change(desk)
    *after, events, _ = await desk.kept()
    assert after != before[:-2]
    assert len(events) == len(before[-2]) + 1


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_what_cannot_be_written_down_is_not_done(
    desk: Desk, change: Callable[[Desk], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from auth import audit  # noqa: PLC0415  # patched below

    before = await desk.kept()
    monkeypatch.setattr(audit, "_INSERT", "SELECT FROM no_such_table")
    with pytest.raises(asyncpg.UndefinedTableError):
        async with tenant_scope(desk.tenant, authorization_version=None):
            await change(desk)
    assert await desk.kept() == before


async def test_two_changes_of_one_connection_in_one_transaction(desk: Desk) -> None:
    """The second sees the first, and neither waits for the other's lock."""
    async with tenant_scope(desk.tenant, authorization_version=None):
        await desk.update_connection()
        assert (await desk.connections.one(desk.rows["connection"])).name == "Entra"
        await desk.end_sessions()
        await desk.switch_connection()
        await desk.rotate_key()
        await desk.delete_connection()
        assert current_scope().joined
    assert await IdentityProvider.filter(id=desk.rows["connection"]).count() == 0
    assert not (await IdentityProvider.get(id=desk.owner.provider_id)).enabled
