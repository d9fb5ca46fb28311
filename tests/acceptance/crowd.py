"""Many members of one tenant who are signed in, some with a stream open, and what each of them hears when."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from auth import personal_access_tokens
from auth.grant_resolution import resolve_grants
from auth.sessions.session import Sessions, SessionTokens
from auth.sessions.signing_keys import SigningKeys
from auth.viewer import Viewer
from models.tenant import Member, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared import IdentityProvider
    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

DOCUMENT: Final = "subscription{companyChanged{company{name}}}"
PROTOCOL: Final = "graphql-transport-ws"
OPENING_SECONDS: Final = 60


@dataclass
class Person:
    """A member with two sessions and a personal access token."""

    member_id: UUID
    sessions: tuple[SessionTokens, SessionTokens]
    personal: str = field(repr=False)

    @property
    def access_tokens(self) -> tuple[str, ...]:
        """Everything that opens ``/graphql`` for them."""
        return (*(session.access_token for session in self.sessions), self.personal)


class Stream:
    """One client with a subscription. Times are those of the monotonic clock.

    Attributes:
        text: all that it has received.
        heard_at: when it last received anything; the end of the connection counts too.
        is_over: whether the server has ended it.
    """

    def __init__(self, gateway: Gateway, token: str, *, by_socket: bool) -> None:
        self.text = ""
        self.heard_at = 0.0
        self.is_over = False
        self._gateway = gateway
        self._token = token
        self._more = asyncio.Event()
        self._reading = asyncio.create_task(self._socket() if by_socket else self._events())

    async def has(self, text: str) -> None:
        """Wait until it has received ``text``.

        Raises:
            AssertionError: it has ended without.
        """
        while text not in self.text:
            assert not self._reading.done(), self.text
            await self._more.wait()
            self._more.clear()

    async def over(self) -> None:
        """Wait until the server has ended it."""
        await asyncio.shield(self._reading)

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    def _heard(self, text: str) -> None:
        self.text += text
        self.heard_at = time.monotonic()
        self._more.set()

    async def _events(self) -> None:
        body, headers = {"query": DOCUMENT}, {"accept": "text/event-stream"}
        async with (
            self._gateway.client(self._token) as client,
            client.stream("POST", "/graphql/stream", json=body, headers=headers) as response,
        ):
            self._heard(f"{response.status_code} open\n")
            async for text in response.aiter_text():
                self._heard(text)
        self.is_over = True
        self._heard("")

    async def _socket(self) -> None:
        url = self._gateway.url.replace("http:", "ws:") + "/graphql"
        async with connect(url, subprotocols=[PROTOCOL], open_timeout=OPENING_SECONDS) as socket:  # type: ignore[list-item] # a NewType of str
            payload = {"Authorization": f"Bearer {self._token}"}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": DOCUMENT}}))
            # Answered after it, so the subscription has been begun.
            await socket.send(json.dumps({"id": "2", "type": "subscribe", "payload": {"query": "{__typename}"}}))
            try:
                while True:
                    text = str(await socket.recv())
                    self._heard("200 open\n" if '"id":"2"' in text else text)
            except ConnectionClosed:
                self.is_over = True
                self._heard(f"closed with {socket.close_code}")


async def crowd(
    gateway: Gateway, settings: Settings, database: Database, provider: IdentityProvider, count: int
) -> list[Person]:
    """So many analysts of the gateway's first tenant, each signed in twice."""
    settings = settings.model_copy(update={"public_url": gateway.url})
    sessions = Sessions(settings, SigningKeys(settings), database.directory)
    placement, people = gateway.tenants[0], []
    async with tenant_scope(placement, authorization_version=None):
        unit, role = await OrgUnit.first(), await Role.get(key="analyst")
        assert unit is not None
        members = [
            await Member.create(email=f"{number}@crowd.example", full_name="A Person", org_unit_id=unit.id)
            for number in range(count)
        ]
        for member in members:
            await RoleAssignment.create(member_id=member.id, role_id=role.id)
    for member in members:
        begun = [
            await sessions.begin(
                tenant_id=placement.tenant_id,
                member_id=member.id,
                identity_provider_id=provider.id,
                authenticated_at=int(time.time()),
            )
            for _ in range(2)
        ]
        grants = await resolve_grants(placement, member.id)
        viewer = Viewer(placement, member.id, begun[0].subject.session_id, grants.grants, grants.version)
        made = await personal_access_tokens.create(viewer, "A script", None, days=1)
        people.append(Person(member.id, (begun[0], begun[1]), made.text))
    return people
