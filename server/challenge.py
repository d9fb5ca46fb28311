"""What a 401 says: how to prove who is asking (RFC 6750), and where it is written down (RFC 9728)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from settings import Settings

RESOURCE_METADATA_PATH: Final = "/.well-known/oauth-protected-resource/graphql"


def bearer_challenge(settings: Settings, error: str | None = None) -> str:
    """The value of ``WWW-Authenticate``.

    Args:
        settings: for our address.
        error: what was wrong with the token that was shown, if one was.
    """
    metadata = f"{settings.public_url.rstrip('/')}{RESOURCE_METADATA_PATH}"
    said = "" if error is None else f', error="{error}"'
    return f'Bearer realm="fieldgate"{said}, resource_metadata="{metadata}"'
