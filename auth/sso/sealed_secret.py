"""What is sealed in a connection, opened for a sign-in. Under another key encryption key it stays closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from auth.sealing import Purpose, UnsealError, unseal
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from uuid import UUID

    from settings import Settings

_log = structlog.get_logger()


def opened(settings: Settings, purpose: Purpose, sealed: bytes, *, bound_to: UUID, identity_provider_id: UUID) -> bytes:
    """The plain text. Where there is none, the log says of which connection.

    Args:
        settings: of the whole server.
        purpose: that it was sealed for.
        sealed: what is stored.
        bound_to: the row that it was sealed for.
        identity_provider_id: of the connection.

    Raises:
        SignInRefusedError: it does not open.
    """
    try:
        return unseal(settings, purpose, sealed, bound_to=str(bound_to))
    except UnsealError as failure:
        _log.error(
            "a connection's secret does not open: was it sealed under another FIELDGATE_KEY_ENCRYPTION_KEY?",
            identity_provider=str(identity_provider_id),
            secret=purpose.value,
        )
        raise SignInRefusedError(Refusal.SEALED) from failure
