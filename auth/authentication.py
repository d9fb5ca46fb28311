"""From an access token to the viewer: who is asking, and what they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from auth.viewer import Viewer

__all__ = ["Authenticator", "UnauthenticatedError"]


class Authenticator:
    """Believes or refuses access tokens, and knows what their members may do."""

    async def viewer(self, access_token: str) -> Viewer:
        """The caller behind a token.

        Raises:
            UnauthenticatedError: the token is not to be believed, or the tenant or the member is no longer there.
        """
        raise NotImplementedError

    async def renewed(self, viewer: Viewer) -> Viewer:
        """The same caller with grants as they are now, after a transaction found the viewer's outdated.

        Raises:
            UnauthenticatedError: the member or the tenant is no longer there.
        """
        raise NotImplementedError
