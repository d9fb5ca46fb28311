"""Fifty open streams, twenty of whose members are deactivated: those end in time, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from auth.sessions.access_token import Subject, issue
from auth.sessions.signing_keys import SigningKeys
from models.tenant import Member, OrgUnit, Role, RoleAssignment
from tenancy.notifications import APPLICATION_NAME
from tenancy.scope import tenant_scope
from tests.server.gateway import running_gateway
from tests.subscriptions.test_streams import DOCUMENT, company

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

STREAMS, KILLED = 50, 20


async def tokens(gateway: Gateway, settings: Settings) -> list[tuple[UUID, str]]:
    signer = await SigningKeys(settings).signer()
    settings = settings.model_copy(update={"public_url": gateway.url})
    placement, made = gateway.tenants[0], []
    async with tenant_scope(placement, authorization_version=None):
        unit, role = await OrgUnit.first(), await Role.get(key="owner")
        assert unit is not None
        for number in range(STREAMS):
            member = await Member.create(email=f"{number}@many.example", full_name="A Person", org_unit_id=unit.id)
            await RoleAssignment.create(member_id=member.id, role_id=role.id)
            subject = Subject(placement.tenant_id, member.id, uuid4(), int(time.time()))
            made.append((member.id, issue(settings, signer, subject)))
    return made


class Stream:
    """What one client has received, and when it was last sent anything."""

    def __init__(self) -> None:
        self.text = ""
        self.ended_at: float | None = None
        self._more = asyncio.Event()

    async def has(self, text: str) -> None:
        """Wait until it has received ``text``."""
        while text not in self.text:
            await self._more.wait()
            self._more.clear()

    async def read(self, gateway: Gateway, token: str) -> None:
        async with (
            gateway.client(token) as client,
            client.stream(
                "POST", "/graphql/stream", json={"query": DOCUMENT}, headers={"accept": "text/event-stream"}
            ) as response,
        ):
            assert response.status_code == 200
            async for text in response.aiter_text():
                self.text += text
                self._more.set()
        self.ended_at = time.monotonic()


@pytest.mark.parametrize("is_told", [True, False])
async def test_g21_twenty_of_fifty_streams_end_within_five_seconds_and_the_others_go_on(
    settings: Settings, database: Database, tmp_path: Path, *, is_told: bool
) -> None:
    async with running_gateway(settings, database, tmp_path, FIELDGATE_WORKERS="2") as gateway:
        people = await tokens(gateway, settings)
        streams = [Stream() for _ in people]
        reading = [
            asyncio.create_task(each.read(gateway, token)) for each, (_, token) in zip(streams, people, strict=True)
        ]
        async with asyncio.timeout(30):
            await asyncio.gather(*(each.has(":") for each in streams))
        server = await asyncpg.connect(database.url)
        stop_killing = asyncio.Event()
        killing = asyncio.create_task(_kill_listening(server, stop_killing)) if not is_told else None
        await asyncio.sleep(1)
        async with tenant_scope(gateway.tenants[0], authorization_version=None):
            await Member.filter(id__in=[member_id for member_id, _ in people[:KILLED]]).update(active=False)
        killed_at = time.monotonic()
        await asyncio.wait_for(asyncio.gather(*reading[:KILLED]), 5)
        assert max(each.ended_at or 0 for each in streams[:KILLED]) - killed_at < 5
        assert all("UNAUTHENTICATED" in each.text for each in streams[:KILLED])
        stop_killing.set()
        if killing is not None:
            await killing
            await asyncio.sleep(3)
        await company(gateway, database, "Seen by the others")
        async with asyncio.timeout(10):
            await asyncio.gather(*(each.has("Seen by the others") for each in streams[KILLED:]))
        assert not any("Seen by the others" in each.text for each in streams[:KILLED])
        assert not any(task.done() for task in reading[KILLED:])
        for task in reading[KILLED:]:
            task.cancel()
        await asyncio.gather(*reading[KILLED:], return_exceptions=True)
        await server.close()


async def _kill_listening(server: asyncpg.Connection, stop: asyncio.Event) -> None:
    """As often as they come back."""
    while not stop.is_set():
        await server.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = $1 AND datname = current_database()",
            APPLICATION_NAME,
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.1)
