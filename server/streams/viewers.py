"""Whoever has a stream open, kept current: it ends with the token, session, member or tenant that it relies on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from server.streams.looking import look_at_grants, look_at_tenants
from server.streams.stream_viewer import Ending, StreamViewer
from tenancy.notifications import Channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from auth.authentication import Authenticator
    from auth.sessions.revocation import Revocations
    from settings import Settings
    from tenancy.notifications import Notifications

# What is told at once is looked for as well, so that streams end in time when nothing can be told.
_LOOK_SECONDS: Final = 2.0


class TooManyStreamsError(Exception):
    """The member has as many streams open as one may have."""


class Viewers:
    """Everybody in this process who has a stream open."""

    def __init__(
        self,
        authenticator: Authenticator,
        revocations: Revocations,
        notifications: Notifications,
        settings: Settings,
    ) -> None:
        self._authenticator = authenticator
        self._revocations = revocations
        self._limit = settings.limit_streams_per_member
        self._longest = settings.access_token_seconds
        self._open: set[StreamViewer] = set()
        # By tenant as well: a member's key is one of the tenant's own schema.
        self._members: Counter[tuple[UUID, UUID]] = Counter()
        # Schemas of the tenants in which grants have changed, as far as this process was told.
        self._changed: set[str] = set()
        self._told = asyncio.Event()
        self._draining = False
        notifications.on(Channel.AUTHORIZATION, self._authorization_changed)
        notifications.on_connected(self._anything_changed)

    @contextlib.asynccontextmanager
    async def stream(self, access_token: str) -> AsyncIterator[StreamViewer]:
        """Be a stream of this token's holder, for as long as it is good, and no longer than an access token may live.

        Raises:
            UnauthenticatedError: the token is not to be believed, or its session was ended.
            TooManyStreamsError: the member has too many already.
        """
        viewer = await self._authenticator.viewer(access_token)
        expires_at = (await self._authenticator.verified(access_token)).expires_at
        member = viewer.tenant.tenant_id, viewer.member_id
        if self._members[member] >= self._limit:
            raise TooManyStreamsError
        stream = StreamViewer(self._authenticator, viewer)
        self._members[member] += 1
        self._open.add(stream)
        # A personal access token is good for months. Its stream is not: what nobody could tell or look up ends it too.
        seconds = min(max(0.0, expires_at - time.time()), self._longest)
        expiry = asyncio.get_running_loop().call_later(seconds, stream.end, Ending.EXPIRED)
        unsubscribe = self._revocations.on_revoked(viewer.session_id, lambda: stream.end(Ending.SESSION_OVER))
        try:
            if self._draining:
                stream.end(Ending.DRAINING)
            yield stream
        finally:
            unsubscribe()
            expiry.cancel()
            self._open.discard(stream)
            self._members[member] -= 1
            if not self._members[member]:
                del self._members[member]

    def drain(self) -> None:
        """End every stream, and from now on each at once."""
        self._draining = True
        for stream in self._open:
            stream.end(Ending.DRAINING)

    @contextlib.asynccontextmanager
    async def kept_current(self) -> AsyncIterator[None]:
        """Look after everybody while the block runs."""
        looking = [asyncio.create_task(self._look_again()), asyncio.create_task(self._look_when_told())]
        try:
            yield
        finally:
            for task in looking:
                task.cancel()
            await asyncio.gather(*looking, return_exceptions=True)

    def _authorization_changed(self, schema: str) -> None:
        self._changed.add(schema)
        self._told.set()

    def _anything_changed(self) -> None:
        self._changed.update(stream.viewer.tenant.schema for stream in self._open)
        self._told.set()

    async def _look_when_told(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            changed, self._changed = self._changed, set()
            await look_at_grants([stream for stream in self._open if stream.viewer.tenant.schema in changed])

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            streams = list(self._open)
            if streams:
                await asyncio.gather(look_at_tenants(streams), look_at_grants(streams))
