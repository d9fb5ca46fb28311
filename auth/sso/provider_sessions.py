"""Ending the sessions that came of a provider, when the provider says that they are over there."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError

from auth.sso.refusal import Refusal, SignInRefusedError
from models.shared import ConsumedMessage, ConsumedMessageKind, Session

if TYPE_CHECKING:
    from uuid import UUID


def subject_digest(provider_id: UUID, subject: str) -> bytes:
    """What a session remembers of the provider's name for its person: enough to find it by, and nothing to read."""
    return hashlib.sha256(f"{provider_id}\0{subject}".encode()).digest()


async def end_provider_sessions(
    provider_id: UUID, *, subject: str | None, provider_session: str | None, reason: str
) -> int:
    """End the live sessions of one connection that both names fit, as far as they are given; how many there were.

    Raises:
        ValueError: neither is given, which would mean everybody.
    """
    if subject is None and provider_session is None:
        message = "whose sessions?"
        raise ValueError(message)
    found = Session.filter(identity_provider_id=provider_id, revoked_at=None)
    if subject is not None:
        found = found.filter(provider_subject_digest=subject_digest(provider_id, subject))
    if provider_session is not None:
        found = found.filter(provider_session=provider_session)
    return await found.update(revoked_at=datetime.now(UTC), revoked_reason=reason)


async def consume_logout(provider_id: UUID, message_id: str, expires_at: int) -> None:
    """Use up a logout message.

    Raises:
        SignInRefusedError: it was used before.
    """
    now = datetime.now(UTC)
    await ConsumedMessage.filter(identity_provider_id=provider_id, expires_at__lt=now).delete()
    try:
        await ConsumedMessage.create(
            identity_provider_id=provider_id,
            kind=ConsumedMessageKind.LOGOUT,
            digest=hashlib.sha256(message_id.encode()).digest(),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
        )
    except IntegrityError as failure:
        raise SignInRefusedError(Refusal.LOGOUT_REPLAYED) from failure
