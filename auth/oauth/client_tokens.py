"""Access tokens for clients (RFC 6749, 4.4; RFC 9068): minutes long, continued by nothing but another proof.

Each token is a session of its own, so that whatever ends sessions ends it. The session of a token that was given for an
assertion has a key made of the assertion's id: that the key is unique is what lets an assertion be used once, on
whichever worker it turns up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid7

from auth.acting import Acting, ActingKind, scope_of
from auth.oauth.refused_client import RefusedClientError
from auth.permissions import Permission
from auth.sessions.access_token import Subject, issue
from models.shared import Client, Session, SessionKind
from models.tenant import Member
from tenancy.errors import NoTenantError
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.oauth.client_authentication import ProvenClient
    from auth.sessions.signing_keys import SigningKeys
    from settings import Settings

_KNOWN: Final = frozenset(Permission)


class RefusedScopeError(Exception):
    """A client asked for a scope that it may not have. It hears ``invalid_scope``."""


@dataclass(frozen=True, slots=True)
class ClientToken:
    """What a client gets."""

    access_token: str = field(repr=False)
    seconds: int
    scope: str | None


class ClientTokens:
    """Issues them."""

    def __init__(self, settings: Settings, keys: SigningKeys) -> None:
        self._settings = settings
        self._keys = keys

    async def issue(self, proven: ProvenClient, requested: str | None) -> ClientToken:
        """A token of the client's service member, within the client's scope and the one that it asks for.

        Args:
            proven: the client.
            requested: the scope parameter; ``None``: all that the client has.

        Raises:
            RefusedScopeError: it asks for more than the client has.
            RefusedClientError: its assertion was used before, or its member is not active.
        """
        client = proven.client
        scope = _narrowed(client, requested)
        if not await _is_active(proven):
            message = "the client's member is not active"
            raise RefusedClientError(message)
        seconds = self._seconds(client)
        session_id = await record_use(proven, seconds=seconds)
        await Client.filter(id=client.id).update(last_used_at=datetime.now(UTC))
        acting = Acting(ActingKind.CLIENT, scope, client_id=client.id)
        subject = Subject(client.tenant_id, client.member_id, session_id, int(time.time()), acting)
        token = issue(self._settings, await self._keys.signer(), subject, seconds=seconds)
        return ClientToken(token, seconds, None if scope is None else " ".join(sorted(scope)))

    def _seconds(self, client: Client) -> int:
        longest = self._settings.access_token_seconds
        if client.expires_at is None:
            return longest
        return max(min(longest, int(client.expires_at.timestamp() - time.time())), 1)


async def record_use(proven: ProvenClient, *, seconds: int) -> UUID:
    """Begin the session of one proof; with no ``seconds``, one that is over at once and only says that it was used.

    Raises:
        RefusedClientError: the assertion was used before.
    """
    now = datetime.now(UTC)
    ends = now + timedelta(seconds=seconds)
    session_id = proven.use_id or uuid7()
    try:
        await Session.create(
            id=session_id,
            tenant_id=proven.client.tenant_id,
            member_id=proven.client.member_id,
            kind=SessionKind.CLIENT,
            client_id=proven.client.id,
            authenticated_at=now,
            last_used_at=now,
            idle_expires_at=ends,
            expires_at=ends,
            revoked_at=None if seconds else now,
            revoked_reason=None if seconds else "assertion_used",
        )
    except IntegrityError as failure:
        message = "the assertion was used before"
        raise RefusedClientError(message) from failure
    return session_id


def _narrowed(client: Client, requested: str | None) -> frozenset[Permission] | None:
    allowed = None if client.scopes is None else scope_of(" ".join(client.scopes))
    if requested is None:
        return allowed
    names = requested.split(" ")
    if not all(name in _KNOWN for name in names):
        raise RefusedScopeError
    wanted = scope_of(requested)
    if allowed is not None and not wanted <= allowed:
        raise RefusedScopeError
    return wanted


async def _is_active(proven: ProvenClient) -> bool:
    try:
        # Nobody's grants are relied on: the question is whether there is still anybody to have some.
        async with tenant_scope(proven.placement, authorization_version=None, read_only=True):
            return await Member.filter(id=proven.client.member_id, active=True).exists()
    except NoTenantError:
        return False
