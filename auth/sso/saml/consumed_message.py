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
from uuid_utils.compat import uuid7

from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.instant import CLOCK_SKEW
from models.shared import ConsumedMessageKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from auth.sso.saml.assertion import VerifiedAssertion

# In the order of the arrays.
_INSERT: Final = """
INSERT INTO fieldgate.consumed_message (id, created_at, updated_at, identity_provider_id, kind, digest, expires_at)
SELECT message.id, now(), now(), $1, message.kind, message.digest, message.expires_at
FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[]) WITH ORDINALITY
    AS message (id, kind, digest, expires_at, position)
ORDER BY message.position
"""

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
    # The request always comes first, so that no two can each hold what the other is waiting for.
    messages = [(ConsumedMessageKind.ASSERTION, assertion.id, assertion.memorable_until)]
    if assertion.request_id is not None:
        # The time of the assertion is the provider's choice. A request can be answered for as long as the browser may
        # come back with it, and a second answer has another id and a time of its own.
        answerable_until = now + timedelta(seconds=ATTEMPT_SECONDS) + 2 * CLOCK_SKEW
        until = max(assertion.memorable_until, answerable_until)
        messages.insert(0, (ConsumedMessageKind.REQUEST, assertion.request_id, until))
    shared = connections.get("shared")
    try:
        # One statement, so either all are used up or none.
        await shared.execute_query(
            _INSERT,
            [
                identity_provider_id,
                [uuid7() for _ in messages],
                [kind.value for kind, _, _ in messages],
                [hashlib.sha256(message_id.encode()).digest() for _, message_id, _ in messages],
                [until for _, _, until in messages],
            ],
        )
    except IntegrityError as failure:
        raise SignInRefusedError(Refusal.SAML_REPLAYED) from failure
    await shared.execute_query(_REMOVE, [now, _REMOVED_AT_ONCE])
