"""Ending the sessions that came of a provider, when the provider says that they are over there."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.sso.refusal import Refusal, SignInRefusedError
from models.shared import ConsumedMessage, ConsumedMessageKind, Session

if TYPE_CHECKING:
    from collections.abc import Sequence
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


async def end_by_logout(
    provider_id: UUID,
    message_id: str,
    expires_at: int,
    *,
    subject: str | None,
    provider_sessions: Sequence[str | None],
) -> int:
    """End the live sessions that a provider's logout message names, once; how many there were.

    Both or neither: a message that was used up without effect would be refused when the provider tries again.

    Args:
        provider_id: of the connection.
        message_id: the message's own name.
        expires_at: when it would be too old anyway, in seconds since the epoch.
        subject: whose sessions, if it says so.
        provider_sessions: which of the provider's; ``None``: any.

    Raises:
        SignInRefusedError: the message was used before.
    """
    async with in_transaction("shared"):
        await consume_logout(provider_id, message_id, expires_at)
        ended = 0
        for provider_session in provider_sessions:
            ended += await end_provider_sessions(
                provider_id, subject=subject, provider_session=provider_session, reason="provider_signed_out"
            )
    return ended


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
