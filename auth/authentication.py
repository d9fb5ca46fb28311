"""From an access token to the viewer: who is asking, and what they may."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auth.grant_resolution import resolve_grants
from auth.grants import Grants
from auth.scannable_secret import PERSONAL_ACCESS_TOKEN
from auth.sessions.access_token import MAX_CHARACTERS, AccessToken, refuse_untimely, signing_kid, verify
from auth.unauthenticated import UnauthenticatedError
from auth.viewer import Viewer
from tenancy.errors import NoTenantError, UnknownTenantError

if TYPE_CHECKING:
    from uuid import UUID

    from auth.acting import Acting
    from auth.permissions import Permission
    from auth.personal_access_tokens import PersonalAccessTokens
    from auth.sessions.revocation import Revocations
    from auth.sessions.signing_keys import SigningKeys
    from cache import Cache
    from settings import Settings
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement

__all__ = ["Authenticator", "UnauthenticatedError", "token_name"]

# How long a caller who was looked at is taken for the same. A session that was ended is not, however short that is.
REMEMBERED_SECONDS: Final = 1.0
_REMEMBERED_CALLERS: Final = 10_000

# The version in the key makes an outdated entry unreachable; this only lets it make room.
GRANTS_SECONDS: Final = 3600

_REMEMBERED_VERSIONS: Final = 10_000
_REMEMBERED_SCOPES: Final = 1_000


@dataclass(slots=True)
class _Caller:
    """Somebody whose token was verified a short while ago.

    Attributes:
        viewer: who it is.
        kid: of the key that signed the token; ``None`` for a token that has none.
        expires_at: when the token expires, in seconds since the epoch.
        until: when to look again, on the monotonic clock.
    """

    viewer: Viewer
    kid: str | None
    expires_at: int
    until: float


class Authenticator:
    """Believes or refuses access tokens, and knows what their members may do.

    A session that was ended is noticed within seconds (``sessions/revocation.py``), and when its access token expires
    if nothing can be heard or looked up. Whatever decides what a member may do is noticed at the next request: every
    transaction compares the authorization version.
    """

    def __init__(  # noqa: PLR0913 - one for each thing that it asks
        self,
        settings: Settings,
        keys: SigningKeys,
        directory: Directory,
        *,
        verified: Cache,
        grants: Cache,
        personal: PersonalAccessTokens,
        revocations: Revocations,
    ) -> None:
        r"""Put one together; ``auth/opening.py`` does.

        Args:
            settings: for issuer, audience and lifetime.
            keys: that tokens are signed with.
            directory: of tenants.
            verified: remembers ``AccessToken``\ s that were verified, by the hash of their text.
            grants: remembers ``Grants``, by tenant, member and authorization version.
            personal: looks up what is no JWT: personal access tokens.
            revocations: the sessions that were ended a short while ago.
        """
        self._settings = settings
        self._keys = keys
        self._directory = directory
        self._verified = verified
        self._grants = grants
        self._personal = personal
        # So that a scope's cut of the same grants is the same object, by which the engine knows what it decided.
        self._narrowed: OrderedDict[tuple[int, frozenset[Permission]], tuple[Grants, Grants]] = OrderedDict()
        self._revocations = revocations
        # The newest version that this process has heard of. An old one does no harm: the transaction refuses it.
        self._versions: OrderedDict[UUID, int] = OrderedDict()
        # By the hash of the token's text, which itself is kept nowhere.
        self._callers: OrderedDict[bytes, _Caller] = OrderedDict()

    def remembered(self, name: bytes) -> Viewer | None:
        """The caller behind a token, if somebody came with it a short while ago and nothing has changed since.

        Args:
            name: what :func:`token_name` gives for the token.
        """
        caller = self._callers.get(name)
        if caller is None or not self._still_holds(caller):
            return None
        now = time.monotonic()
        if now >= caller.until:
            if not self._is_as_it_was(caller):
                return None
            caller.until = now + REMEMBERED_SECONDS
        return caller.viewer

    async def viewer(self, access_token: str) -> Viewer:
        """The caller behind a token.

        Raises:
            UnauthenticatedError: the token is not to be believed, or the tenant or the member is no longer there.
        """
        name = token_name(access_token)
        remembered = self.remembered(name)
        if remembered is not None:
            return remembered
        token = await self.verified(access_token)
        try:
            placement = await self._directory.by_id(token.subject.tenant_id)
        except UnknownTenantError as failure:
            message = "the tenant is not served"
            raise UnauthenticatedError(message) from failure
        subject = token.subject
        viewer = await self._viewer(placement, subject.member_id, subject.session_id)
        viewer = self._bounded(viewer, subject.acting, subject.authenticated_at)
        kid = None if access_token.startswith(PERSONAL_ACCESS_TOKEN) else token.kid
        caller = _Caller(viewer, kid, token.expires_at, time.monotonic() + REMEMBERED_SECONDS)
        self._remember(name, caller)
        return viewer

    def _still_holds(self, caller: _Caller) -> bool:
        viewer = caller.viewer
        return (
            not self._revocations.is_revoked(viewer.session_id)
            and time.time() < caller.expires_at
            and self._versions.get(viewer.tenant.tenant_id) == viewer.authorization_version
        )

    def _is_as_it_was(self, caller: _Caller) -> bool:
        """Whether all that looking again would look at is known and the same: the key and the tenant.

        With the same key the token is as good as when it was verified, and with the same version so are the grants.
        """
        tenant = caller.viewer.tenant
        return (
            caller.kid is not None
            and self._keys.still_verifies(caller.kid)
            and self._directory.remembered(tenant.tenant_id) == tenant
        )

    def _remember(self, name: bytes, caller: _Caller) -> None:
        self._callers[name] = caller
        self._callers.move_to_end(name)
        while len(self._callers) > _REMEMBERED_CALLERS:
            self._callers.popitem(last=False)

    async def renewed(self, viewer: Viewer) -> Viewer:
        """The same caller with grants as they are now, after a transaction found the viewer's outdated.

        Raises:
            UnauthenticatedError: the member or the tenant is no longer there.
        """
        if self._versions.get(viewer.tenant.tenant_id) == viewer.authorization_version:
            del self._versions[viewer.tenant.tenant_id]
        again = await self._viewer(viewer.tenant, viewer.member_id, viewer.session_id)
        return self._bounded(again, viewer.acting, viewer.authenticated_at)

    async def verified(self, access_token: str) -> AccessToken:
        """What a token says, if it is to be believed; a personal access token says what was kept of it.

        Raises:
            UnauthenticatedError: it is not.
        """
        if access_token.startswith(PERSONAL_ACCESS_TOKEN):
            return await self._personal.read(access_token)
        return await self.verified_jwt(access_token)

    async def verified_jwt(self, access_token: str) -> AccessToken:
        """The same for the tokens that we sign, and for no others.

        Raises:
            UnauthenticatedError: it is not to be believed.
        """
        if len(access_token) > MAX_CHARACTERS or not access_token.isascii():
            message = "too long or not ASCII"
            raise UnauthenticatedError(message)
        name = hashlib.sha256(access_token.encode()).hexdigest()
        token = await self._verified.get(name)
        key = await self._keys.verifier(token.kid if isinstance(token, AccessToken) else signing_kid(access_token))
        if key is None:  # asked of remembered tokens too: a key that was withdrawn takes its tokens along
            message = "no such key"
            raise UnauthenticatedError(message)
        if isinstance(token, AccessToken):
            refuse_untimely(self._settings, token)
            return token
        verified = verify(self._settings, access_token, key)
        await self._verified.set(name, verified, seconds=verified.expires_at - verified.issued_at)
        return verified

    async def _viewer(self, placement: TenantPlacement, member_id: UUID, session_id: UUID) -> Viewer:
        if self._revocations.is_revoked(session_id):
            message = "the session is over"
            raise UnauthenticatedError(message)
        version = self._versions.get(placement.tenant_id)
        if version is not None:
            grants = await self._grants.get(f"{placement.tenant_id}:{member_id}:{version}")
            if isinstance(grants, Grants):
                return Viewer(placement, member_id, session_id, grants, version)
        try:
            resolved = await resolve_grants(placement, member_id)
        except NoTenantError as failure:
            self._directory.forget(placement)
            message = "the tenant is gone"
            raise UnauthenticatedError(message) from failure
        self._remember_version(placement.tenant_id, resolved.version)
        name = f"{placement.tenant_id}:{member_id}:{resolved.version}"
        await self._grants.set(name, resolved.grants, seconds=GRANTS_SECONDS)
        return Viewer(placement, member_id, session_id, resolved.grants, resolved.version)

    def _bounded(self, viewer: Viewer, acting: Acting | None, authenticated_at: int) -> Viewer:
        """The same viewer within the bounds of whoever acts for it, and with the time of the sign-in."""
        if acting is None or acting.scope is None:
            return replace(viewer, acting=acting, authenticated_at=authenticated_at)
        key = (id(viewer.grants), acting.scope)
        known = self._narrowed.get(key)
        # The grants are kept to be compared: an address of memory alone could by now be somebody else's.
        if known is None or known[0] is not viewer.grants:
            known = (viewer.grants, viewer.grants.narrowed(acting.scope))
            self._narrowed[key] = known
            while len(self._narrowed) > _REMEMBERED_SCOPES:
                self._narrowed.popitem(last=False)
        return replace(viewer, grants=known[1], acting=acting, authenticated_at=authenticated_at)

    def _remember_version(self, tenant_id: UUID, version: int) -> None:
        # Answers may overtake each other; the version only ever counts up.
        self._versions[tenant_id] = max(version, self._versions.get(tenant_id, 0))
        self._versions.move_to_end(tenant_id)
        while len(self._versions) > _REMEMBERED_VERSIONS:
            self._versions.popitem(last=False)


def token_name(access_token: str) -> bytes:
    """What a token is remembered by, in place of its text."""
    # Python's own BLAKE2 (RFC 7693): OpenSSL looks SHA-256 up anew each time, which takes longer than to compute it.
    return hashlib.blake2b(access_token.encode(), digest_size=32).digest()
