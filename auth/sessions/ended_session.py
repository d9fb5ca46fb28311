"""What is left of a session that has just ended: enough to tell its identity provider."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.sealing import Purpose, UnsealError, seal, unseal

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared import Session
    from settings import Settings


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session, as its provider knows it.

    Attributes:
        tenant_id: whose it was.
        identity_provider_id: that it came of; ``None``: of none, or of one that was removed.
        provider_session: the provider's name for its own session.
        logout_name: the provider's name for the person, as a request to sign them out has to repeat it.
    """

    tenant_id: UUID
    identity_provider_id: UUID | None
    provider_session: str | None = field(repr=False)
    logout_name: str | None = field(repr=False)


def seal_logout_name(settings: Settings, session_id: UUID, name: str) -> bytes:
    """The form in which the name is stored. It opens for this session's row only."""
    return seal(settings, Purpose.LOGOUT_NAME, name.encode(), bound_to=str(session_id))


def ended_session(settings: Settings, row: Session) -> EndedSession:
    """A session's row, read."""
    name = None
    if row.logout_name_encrypted is not None:
        # Sealed under another key encryption key, it is lost to us. Signing out here works all the same.
        with contextlib.suppress(UnsealError):
            name = unseal(settings, Purpose.LOGOUT_NAME, row.logout_name_encrypted, bound_to=str(row.id)).decode()
    return EndedSession(row.tenant_id, row.identity_provider_id, row.provider_session, name)
