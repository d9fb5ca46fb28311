"""Whoever has a stream open, kept current: it ends with the token, session, member or tenant that it relies on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import structlog

from auth.unauthenticated import UnauthenticatedError
from models.shared import Session, Tenant, TenantStatus
from tenancy.errors import NoTenantError
from tenancy.notifications import Channel
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from auth.authentication import Authenticator
    from auth.viewer import Viewer
    from tenancy.notifications import Notifications

# What is told at once is looked for as well, so that streams end in time when nothing can be told.
_LOOKING_SECONDS: Final = 2.0

_log = structlog.get_logger()


class Ending(StrEnum):
    """Why a stream is over."""

    EXPIRED = "the access token has expired"
    SESSION_OVER = "the session is over"
    DRAINING = "the server is going away"


class TooManyStreamsError(Exception):
    """The member has as many streams open as one may have."""


class StreamViewer:
    """The viewer of one stream, as of the last look.

    Attributes:
        viewer: with the grants to decide by.
        ended: done once nothing may be sent any more.
        renewed: replaced and set whenever the grants have changed.
    """

    def __init__(self, authenticator: Authenticator, viewer: Viewer) -> None:
        self._authenticator = authenticator
        self.viewer = viewer
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.renewed = asyncio.Event()

    def end(self, ending: Ending) -> None:
        """End it; the first reason counts."""
        if not self.ended.done():
            self.ended.set_result(ending)

    async def renew(self) -> None:
        """Take the grants as they are now, or end."""
        try:
            self.viewer = await self._authenticator.renewed(self.viewer)
        except UnauthenticatedError:
            self.end(Ending.SESSION_OVER)
        renewed, self.renewed = self.renewed, asyncio.Event()
        renewed.set()


class Viewers:
    """Everybody in this process who has a stream open."""

    def __init__(self, authenticator: Authenticator, notifications: Notifications, limit: int) -> None:
        self._authenticator = authenticator
        self._limit = limit
        self._open: set[StreamViewer] = set()
        self._members: Counter[UUID] = Counter()
        self._look_now = asyncio.Event()
        self._draining = False
        notifications.on(Channel.SESSION, self._session_ended)
        notifications.on(Channel.AUTHORIZATION, lambda _: self._look_now.set())
        notifications.on_connected(self._look_now.set)

    @contextlib.asynccontextmanager
    async def stream(self, access_token: str) -> AsyncIterator[StreamViewer]:
        """Be a stream of this token's holder.

        Raises:
            UnauthenticatedError: the token is not to be believed, or its session was ended.
            TooManyStreamsError: the member has too many already.
        """
        viewer = await self._authenticator.viewer(access_token)
        expires_at = (await self._authenticator.verified(access_token)).expires_at
        if self._members[viewer.member_id] >= self._limit:
            raise TooManyStreamsError
        stream = StreamViewer(self._authenticator, viewer)
        self._members[viewer.member_id] += 1
        self._open.add(stream)
        expiry = asyncio.get_running_loop().call_later(max(0.0, expires_at - time.time()), stream.end, Ending.EXPIRED)
        try:
            # Only now: an end that comes after this look finds the stream among the open ones.
            if await Session.filter(id=viewer.session_id, revoked_at__isnull=False).exists():
                message = "the session is over"
                raise UnauthenticatedError(message)
            if self._draining:
                stream.end(Ending.DRAINING)
            yield stream
        finally:
            expiry.cancel()
            self._open.discard(stream)
            self._members[viewer.member_id] -= 1
            if not self._members[viewer.member_id]:
                del self._members[viewer.member_id]

    def drain(self) -> None:
        """End every stream, and from now on each at once."""
        self._draining = True
        for stream in self._open:
            stream.end(Ending.DRAINING)

    @contextlib.asynccontextmanager
    async def kept_current(self) -> AsyncIterator[None]:
        """Look after everybody while the block runs."""
        looking = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking

    def _session_ended(self, session_id: str) -> None:
        for stream in self._open:
            if str(stream.viewer.session_id) == session_id:
                stream.end(Ending.SESSION_OVER)

    async def _look_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), _LOOKING_SECONDS)
            self._look_now.clear()
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - nothing is sent without the database either; the next look may succeed
                _log.warning("cannot look after streams", exc_info=True)

    async def _look(self) -> None:
        streams = tuple(self._open)
        if not streams:
            return
        sessions = {stream.viewer.session_id for stream in streams}
        over = set(await Session.filter(id__in=list(sessions), revoked_at__isnull=False).values_list("id", flat=True))
        tenants = {stream.viewer.tenant.tenant_id: stream.viewer.tenant for stream in streams}
        served = Tenant.filter(id__in=list(tenants), status=TenantStatus.ACTIVE)
        active = set(await served.values_list("id", flat=True))
        for stream in streams:
            if stream.viewer.session_id in over or stream.viewer.tenant.tenant_id not in active:
                stream.end(Ending.SESSION_OVER)
        for tenant_id, placement in tenants.items():
            version = None
            with contextlib.suppress(NoTenantError):
                async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
                    version = (await session.fetch("SELECT version FROM authorization_state"))[0]["version"]
            for stream in streams:
                viewer = stream.viewer
                if viewer.tenant.tenant_id == tenant_id and viewer.authorization_version != version:
                    await stream.renew()
