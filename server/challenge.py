"""What a 401 says: how to prove who is asking (RFC 6750, RFC 9470), and where it is written down (RFC 9728)."""

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
    return _challenge(settings, "" if error is None else f', error="{error}"')


def step_up_challenge(settings: Settings, max_age: int) -> str:
    """The same for a token that is good, of a sign-in that is too old for what was asked (RFC 9470).

    Args:
        settings: for our address.
        max_age: how many seconds ago the person may have signed in.
    """
    said = (
        ', error="insufficient_user_authentication", error_description="A more recent sign-in is required"'
        f', max_age="{max_age}"'
    )
    return _challenge(settings, said)


def _challenge(settings: Settings, said: str) -> str:
    metadata = f"{settings.public_url.rstrip('/')}{RESOURCE_METADATA_PATH}"
    return f'Bearer realm="fieldgate"{said}, resource_metadata="{metadata}"'
