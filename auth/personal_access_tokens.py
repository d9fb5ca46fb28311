"""Personal access tokens: what a developer's own script shows instead of signing in.

A token stands for its member within a scope, so whatever is taken from the member is taken from it at the next request.
It is looked up rather than verified, and what was found is remembered for ``REMEMBERED_SECONDS``: that is how long a
revoked token may still be believed by a process that has not heard of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tortoise.expressions import Q

from auth.acting import Acting, ActingKind, scope_of
from auth.scannable_secret import PERSONAL_ACCESS_TOKEN, digest, has_form, new_secret
from auth.sessions.access_token import AccessToken, Subject
from auth.unauthenticated import UnauthenticatedError
from models.shared import PersonalAccessToken

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from auth.permissions import Permission
    from auth.viewer import Viewer
    from cache import Cache

REMEMBERED_SECONDS: Final = 2
LONGEST_DAYS: Final = 366

# A time of last use is for people who clean up; a write per request would be for nobody.
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_NO_KEY: Final = ""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: the only time that anybody sees its text."""

    row: PersonalAccessToken
    text: str


class PersonalAccessTokens:
    """Looks tokens up. ``remembered`` is a cache of this process alone."""

    def __init__(self, remembered: Cache) -> None:
        self._remembered = remembered

    async def read(self, text: str) -> AccessToken:
        """Whom a token stands for.

        Raises:
            UnauthenticatedError: there is no such token, or it has expired or was revoked.
        """
        if not has_form(PERSONAL_ACCESS_TOKEN, text):
            message = "not in the form of a personal access token"
            raise UnauthenticatedError(message)
        name = digest(text).hex()
        token = await self._remembered.get(name)
        if not isinstance(token, AccessToken):
            token = await _find(digest(text))
            await self._remembered.set(name, token, seconds=REMEMBERED_SECONDS)
        if datetime.now(UTC).timestamp() >= token.expires_at:
            message = "the personal access token has expired"
            raise UnauthenticatedError(message)
        return token


async def create(viewer: Viewer, name: str, scopes: Collection[Permission] | None, days: int) -> NewToken:
    """A new token of the viewer's own."""
    text = new_secret(PERSONAL_ACCESS_TOKEN)
    row = await PersonalAccessToken.create(
        tenant_id=viewer.tenant.tenant_id,
        member_id=viewer.member_id,
        name=name,
        digest=digest(text),
        scopes=None if scopes is None else sorted(scopes),
        expires_at=datetime.now(UTC) + timedelta(days=days),
    )
    return NewToken(row, text)


async def revoke(viewer: Viewer, token_id: UUID) -> bool:
    """End a token of the viewer's own; whether there was one that was still good."""
    own = PersonalAccessToken.filter(id=token_id, tenant_id=viewer.tenant.tenant_id, member_id=viewer.member_id)
    now = datetime.now(UTC)
    return bool(await own.filter(revoked_at=None).update(revoked_at=now, updated_at=now))


async def own_tokens(viewer: Viewer) -> list[PersonalAccessToken]:
    """The viewer's tokens that are still good, the newest first."""
    own = PersonalAccessToken.filter(tenant_id=viewer.tenant.tenant_id, member_id=viewer.member_id)
    return await own.filter(revoked_at=None, expires_at__gt=datetime.now(UTC)).order_by("-id")


async def _find(stored: bytes) -> AccessToken:
    now = datetime.now(UTC)
    row = await PersonalAccessToken.get_or_none(digest=stored, revoked_at=None, expires_at__gt=now)
    if row is None:
        message = "no such personal access token"
        raise UnauthenticatedError(message)
    used_long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EVERY)
    await PersonalAccessToken.filter(used_long_ago, id=row.id).update(last_used_at=now)
    made_at = int(row.created_at.timestamp())
    acting = Acting(ActingKind.PERSONAL, None if row.scopes is None else scope_of(" ".join(row.scopes)))
    # Its own id stands for the session: what is told of ended sessions is told of revoked tokens too.
    subject = Subject(row.tenant_id, row.member_id, row.id, authenticated_at=made_at, acting=acting)
    return AccessToken(subject, _NO_KEY, issued_at=made_at, expires_at=int(row.expires_at.timestamp()))
