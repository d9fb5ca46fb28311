"""Sessions: a sign-in, continued by refresh tokens until it idles, ages, is ended, or a token of it turns up twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from tortoise import connections
from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid7

from auth.sessions.access_token import Subject, issue
from auth.sessions.ended_session import EndedSession, ended_session, seal_logout_name
from auth.sessions.refresh_token import RefreshToken, first_token, next_token, recognised_token
from auth.sessions.rotation import Rotation, rotate
from auth.unauthenticated import UnauthenticatedError
from models.shared import Session
from models.tenant import Member
from tenancy.errors import NoTenantError, UnknownTenantError
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sessions.signing_keys import SigningKeys
    from settings import Settings
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement

# Sessions that are over are kept for so long, for whoever has to find out what happened.
REMEMBERED: Final = timedelta(days=30)

# The provider is locked until the session is there: who switches it off meanwhile waits for it, and ends it with the
# others. Where somebody has just done so, there is nothing to insert. A session lasts, unused and at all, as the server
# is set, or shorter where the tenant wants that.
_BEGIN: Final = """
INSERT INTO fieldgate.session (
    id, created_at, updated_at, kind, tenant_id, member_id, identity_provider_id, refresh_token_hash, authenticated_at,
    provider_session, provider_subject_digest, acr, logout_name_encrypted, last_used_at, expires_at, idle_expires_at
)
SELECT $1, lasting.now, lasting.now, 'member', lasting.tenant_id, $4, provider.id, $6, $7,
    $8, $9, $10, $11, lasting.now, lasting.expires_at,
    LEAST(lasting.now + make_interval(secs => LEAST($12::int, lasting.idle_seconds)), lasting.expires_at)
FROM (SELECT id FROM fieldgate.identity_provider WHERE id = $5 AND enabled FOR SHARE) AS provider
CROSS JOIN (
    SELECT id AS tenant_id, $2::timestamptz AS now, session_idle_seconds AS idle_seconds, LEAST(
        $2::timestamptz + make_interval(secs => LEAST($13::int, session_absolute_seconds)), $14::timestamptz
    ) AS expires_at
    FROM fieldgate.tenant WHERE id = $3
) AS lasting
RETURNING idle_expires_at
"""
_REMOVE: Final = "DELETE FROM fieldgate.session WHERE expires_at < $1"

_log = structlog.get_logger()


class SessionExistsError(Exception):
    """There is a session of this id: the sign-in that it was made for has been played back."""


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """What a client gets. Lifetimes are in seconds from now."""

    subject: Subject
    access_token: str = field(repr=False)
    access_seconds: int
    refresh_token: str = field(repr=False)
    refresh_seconds: int


class Sessions:
    """Begins, continues and ends sessions."""

    def __init__(self, settings: Settings, keys: SigningKeys, directory: Directory) -> None:
        self._settings = settings
        self._keys = keys
        self._directory = directory

    async def begin(  # noqa: PLR0913 - what a provider says of a sign-in, each by its name
        self,
        *,
        tenant_id: UUID,
        member_id: UUID,
        identity_provider_id: UUID,
        authenticated_at: int,
        session_id: UUID | None = None,
        provider_session: str | None = None,
        provider_subject_digest: bytes | None = None,
        acr: str | None = None,
        ends_at: datetime | None = None,
        logout_name: str | None = None,
    ) -> SessionTokens:
        """A new session of a member whom the identity provider has just vouched for.

        It lasts until ``ends_at`` at most, where the provider has named an end.

        Raises:
            SessionExistsError: ``session_id`` was used before.
            UnauthenticatedError: the identity provider was switched off meanwhile, or ``ends_at`` has come.
        """
        token = first_token(self._settings, session_id or uuid7())
        now = datetime.now(UTC)
        shared = connections.get("shared")
        try:
            rows = await shared.execute_query_dict(
                _BEGIN,
                [
                    *(token.session_id, now, tenant_id, member_id, identity_provider_id, token.digest),
                    datetime.fromtimestamp(authenticated_at, UTC),
                    *(provider_session, provider_subject_digest, acr),
                    logout_name and seal_logout_name(self._settings, token.session_id, logout_name),
                    *(self._settings.session_idle_seconds, self._settings.session_absolute_seconds, ends_at),
                ],
            )
        except IntegrityError as failure:
            raise SessionExistsError from failure
        if not rows:
            message = "the identity provider is switched off"
            raise UnauthenticatedError(message)
        await shared.execute_query(_REMOVE, [now - REMEMBERED])
        subject = Subject(tenant_id, member_id, token.session_id, authenticated_at, acr=acr)
        return await self._tokens(subject, token, rows[0]["idle_expires_at"])

    async def refresh(self, text: str, *, tenant_hint: str | None = None) -> SessionTokens:
        """Continue a session: the token shown is replaced by the next.

        A token that was replaced already ends the session for everybody who holds one of its tokens, since one of them
        is not its owner; but for a moment after the replacement it gets the same answer as the first time.

        Args:
            text: the token.
            tenant_hint: the tenant that the caller says it belongs to. If it is another, the token is not where it
                should be, and its session ends.

        Raises:
            UnauthenticatedError: the token is not the one to continue its session, or that session is over.
        """
        token = recognised_token(self._settings, text)
        if token is None:
            message = "not a refresh token of ours"
            raise UnauthenticatedError(message)
        successor = next_token(self._settings, token)
        rotation = await self._rotate(token, successor)
        subject = Subject(
            rotation.tenant_id,
            rotation.member_id,
            token.session_id,
            int(rotation.authenticated_at.timestamp()),
            acr=rotation.acr,
        )
        try:
            placement = await self._directory.by_id(subject.tenant_id)
            active = await _is_active(placement, subject.member_id)
        except (UnknownTenantError, NoTenantError) as failure:
            message = "the tenant is not served"
            raise UnauthenticatedError(message) from failure
        if tenant_hint not in {None, placement.slug}:
            await self._end(token.session_id, "shown_at_another_tenant")
            message = "the token is of another tenant"
            raise UnauthenticatedError(message)
        if not active:
            await self._end(token.session_id, "member_inactive")
            message = "the member is not active"
            raise UnauthenticatedError(message)
        return await self._tokens(subject, successor, rotation.idle_expires_at)

    async def end(self, text: str, reason: str) -> EndedSession | None:
        """End the session of a refresh token. One that is not ours, or whose session is over, changes nothing.

        Returns:
            The session, if there is one.
        """
        token = recognised_token(self._settings, text)
        if token is None:
            return None
        await self._end(token.session_id, reason)
        row = await Session.get_or_none(id=token.session_id)
        return None if row is None else ended_session(self._settings, row)

    async def end_by_id(self, session_id: UUID, reason: str) -> None:
        """End a session that a verified token names."""
        await self._end(session_id, reason)

    async def _rotate(self, token: RefreshToken, successor: RefreshToken) -> Rotation:
        rotation = await rotate(token, successor, idle_seconds=self._settings.session_idle_seconds)
        if rotation is None:
            message = "the session is over"
            raise UnauthenticatedError(message)
        if rotation.reused:
            _log.warning(
                "session ended: a refresh token was used again",
                session=str(token.session_id),
                tenant=str(rotation.tenant_id),
                member=str(rotation.member_id),
            )
            message = "the refresh token was used before"
            raise UnauthenticatedError(message)
        return rotation

    async def _end(self, session_id: UUID, reason: str) -> None:
        live = Session.filter(id=session_id, revoked_at=None)
        await live.update(revoked_at=datetime.now(UTC), revoked_reason=reason)

    async def _tokens(self, subject: Subject, token: RefreshToken, idle_expires_at: datetime) -> SessionTokens:
        signer = await self._keys.signer()
        # In whole seconds, as the token has them: rounded otherwise, it could outlive the session by one.
        now = int(time.time())
        left = int(idle_expires_at.timestamp()) - now
        if left < 1:
            message = "the session is over"
            raise UnauthenticatedError(message)
        seconds = min(left, self._settings.access_token_seconds)
        return SessionTokens(
            subject=subject,
            access_token=issue(self._settings, signer, subject, seconds=seconds, now=now),
            access_seconds=seconds,
            refresh_token=token.text,
            refresh_seconds=left,
        )


async def live_session(session_id: UUID) -> bool:
    """Whether there is such a session and nothing has ended it."""
    return await Session.filter(id=session_id, revoked_at=None, expires_at__gt=datetime.now(UTC)).exists()


async def _is_active(placement: TenantPlacement, member_id: UUID) -> bool:
    # Nobody's grants are relied on: the question is whether there is still anybody to have some.
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        return await Member.filter(id=member_id, active=True).exists()
