"""A sign-in under way, or a sign-out through a SAML provider.

It travels in the browser that began it, sealed, so no other browser can finish it. The server keeps nothing until the
provider has answered: whoever opens the sign-in page a million times fills no table.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from uuid_utils.compat import uuid7

from auth.sealing import Purpose, UnsealError, seal, unseal
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from auth.sso.provider import Provider
    from settings import Settings

ATTEMPT_SECONDS: Final = 600

# An attempt to sign in is none to sign out, and the other way round.
SIGN_IN: Final = "browser"
SIGN_OUT: Final = "browser signing out"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the browser must bring back.

    Attributes:
        provider_id: who was asked. An answer from any other provider is not for this attempt.
        tenant_id: for whom.
        session_id: the key of the session to come. A session is inserted once, so an attempt succeeds once, however
            often and however simultaneously its answer is played back. It proves nothing, so it is no secret.
        state: ties the answer to this browser (RFC 6749, 10.12).
        nonce: ties the ID token to this attempt.
        code_verifier: ties the code to this attempt (PKCE, RFC 7636).
        return_path: where to go afterwards.
        started_at: in seconds since the epoch.
        dry_run: nobody is signed in by it; it shows what the provider says.
        replaces: the session that this browser had when it left. Where the provider sends people back by a form, the
            browser does not show it again.
        max_age: how many seconds before ``started_at`` the person may have proved who they are; ``None``: any time.
        acr: how strongly they must have, in the provider's words; ``None``: any way.
    """

    provider_id: UUID
    tenant_id: UUID
    session_id: UUID
    state: str
    nonce: str
    code_verifier: str
    return_path: str
    started_at: int
    dry_run: bool = False
    replaces: UUID | None = None
    max_age: int | None = None
    acr: str | None = None


def new_attempt(
    provider: Provider,
    return_path: str,
    *,
    dry_run: bool = False,
    replaces: UUID | None = None,
    max_age: int | None = None,
) -> Attempt:
    """An attempt with fresh secrets of 256 bits each."""
    return Attempt(
        provider_id=provider.id,
        tenant_id=provider.tenant_id,
        session_id=uuid7(),
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(32),
        return_path=return_path,
        started_at=int(time.time()),
        dry_run=dry_run,
        replaces=replaces,
        max_age=max_age,
        # A dry run as well, since nobody could take back a value that the provider does not know.
        acr=provider.step_up_acr if dry_run or max_age is not None else None,
    )


def seal_attempt(settings: Settings, attempt: Attempt, *, bound_to: str = SIGN_IN) -> str:
    """The value of the cookie."""
    # As text first: identifiers that come from asyncpg are of a class of its own, which orjson does not know.
    fields = {name: str(value) if isinstance(value, UUID) else value for name, value in asdict(attempt).items()}
    sealed = seal(settings, Purpose.SIGN_IN_STATE, orjson.dumps(fields), bound_to=bound_to)
    return urlsafe_b64encode(sealed).decode()


def unseal_attempt(settings: Settings, value: str | None, *, bound_to: str = SIGN_IN) -> Attempt:
    """The attempt in a cookie.

    Raises:
        SignInRefusedError: there is none, it is not ours, or it took too long.
    """
    try:
        sealed = urlsafe_b64decode((value or "").encode("ascii"))
        fields = orjson.loads(unseal(settings, Purpose.SIGN_IN_STATE, sealed, bound_to=bound_to))
    except (ValueError, UnsealError) as failure:
        raise SignInRefusedError(Refusal.ATTEMPT_MISSING) from failure
    attempt = Attempt(
        provider_id=UUID(fields["provider_id"]),
        tenant_id=UUID(fields["tenant_id"]),
        session_id=UUID(fields["session_id"]),
        state=fields["state"],
        nonce=fields["nonce"],
        code_verifier=fields["code_verifier"],
        return_path=fields["return_path"],
        started_at=fields["started_at"],
        dry_run=fields["dry_run"],
        replaces=UUID(fields["replaces"]) if fields.get("replaces") else None,
        max_age=fields["max_age"],
        # Absent where a server of the release before has begun it.
        acr=fields.get("acr"),
    )
    if not 0 <= time.time() - attempt.started_at <= ATTEMPT_SECONDS:
        raise SignInRefusedError(Refusal.ATTEMPT_EXPIRED)
    return attempt
