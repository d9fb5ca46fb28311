"""Once and no more: the request that is answered, and the assertion that answers it, are used up together.

The unique index decides, not a look beforehand. Of two that arrive together, at whichever workers, the second waits
for the first to commit, and is refused then. One that is refused has used up nothing.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tortoise import connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.instant import CLOCK_SKEW
from models.shared import ConsumedMessage, ConsumedMessageKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from auth.sso.saml.assertion import VerifiedAssertion

_REMOVED_AT_ONCE: Final = 1_000
# Sign-ins that tidy up at the same time take different rows: none waits for another, and none can block it for good.
_REMOVE: Final = """
DELETE FROM fieldgate.consumed_message WHERE id IN (
    SELECT id FROM fieldgate.consumed_message WHERE expires_at < $1
    ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""


async def consume(identity_provider_id: UUID, assertion: VerifiedAssertion, now: datetime) -> None:
    """Use up an assertion and the request that it answers, before anything is done on the strength of it.

    Args:
        identity_provider_id: of the connection. The names that two providers give things have nothing to do with
            each other.
        assertion: verified.
        now: the time.

    Raises:
        SignInRefusedError: one of the two was used before, or the connection has just been removed.
    """
    try:
        async with in_transaction("shared"):
            # The request always comes first, so that no two can each hold what the other is waiting for.
            if assertion.request_id is not None:
                # The time of the assertion is the provider's choice. A request can be answered for as long as the
                # browser may come back with it, and a second answer has another id and a time of its own.
                answerable_until = now + timedelta(seconds=ATTEMPT_SECONDS) + 2 * CLOCK_SKEW
                await _insert(
                    identity_provider_id,
                    ConsumedMessageKind.REQUEST,
                    assertion.request_id,
                    max(assertion.memorable_until, answerable_until),
                )
            await _insert(identity_provider_id, ConsumedMessageKind.ASSERTION, assertion.id, assertion.memorable_until)
    except IntegrityError as failure:
        raise SignInRefusedError(Refusal.SAML_REPLAYED) from failure
    await connections.get("shared").execute_query(_REMOVE, [now, _REMOVED_AT_ONCE])


async def _insert(identity_provider_id: UUID, kind: ConsumedMessageKind, message_id: str, expires_at: datetime) -> None:
    await ConsumedMessage.create(
        identity_provider_id=identity_provider_id,
        kind=kind,
        digest=hashlib.sha256(message_id.encode()).digest(),
        expires_at=expires_at,
    )
