"""Somebody whom a provider sends without having been asked (IdP-initiated sign-on): taken in when they have said yes.

Nothing ties such a response to the browser that posts it. An attacker could have a victim's browser post one about the
attacker, and the victim would work in the attacker's account. So the person is shown who they would be, and a page of
ours has to be clicked. Until then nothing is there but what their browser holds: the attempt in its cookie, and in the
page the identity, sealed for that attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from auth.sealing import Purpose, UnsealError, seal, unseal
from auth.sso.id_token import Identity
from auth.sso.refusal import Refusal, SignInRefusedError
from models.tenant import Member
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from auth.sso.attempt import Attempt
    from auth.sso.provider import Provider
    from settings import Settings
    from tenancy.placement import TenantPlacement

# RelayState is the provider's to choose here. The standard allows as much.
MAX_RELAY_STATE: Final = 80


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person is asked before they are signed in.

    Attributes:
        address: where their yes goes.
        who: the member they would be, or the name that the provider gives them.
        provider: what people know the provider by.
        identity: what the page has to bring back, sealed.
        attempt: what the browser has to keep meanwhile, sealed.
    """

    address: str
    who: str
    provider: str
    identity: str = field(repr=False)
    attempt: str = field(repr=False)


async def who_it_is(placement: TenantPlacement, provider: Provider, identity: Identity) -> str:
    """Whom to show: the member's own address, as the provider may call its people what it likes.

    Raises:
        SignInRefusedError: nobody's, and nobody could be found by the address that the provider gives.
    """
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        known = await Member.get_or_none(identity_provider_id=provider.id, subject=identity.subject)
    if known is not None:
        return known.email
    if identity.email is None or not identity.email_verified:
        raise SignInRefusedError(Refusal.EMAIL_UNVERIFIED)
    return identity.email


def seal_identity(settings: Settings, attempt: Attempt, identity: Identity) -> str:
    """The identity for the page of one attempt."""
    known = {each.name: getattr(identity, each.name) for each in fields(Identity)}
    # orjson writes the point in time as text and the tuple as a list; both are turned back below.
    sealed = seal(settings, Purpose.SIGN_IN_STATE, orjson.dumps(known), bound_to=_bound_to(attempt))
    return urlsafe_b64encode(sealed).decode()


def unseal_identity(settings: Settings, attempt: Attempt, value: str) -> Identity:
    """The identity that a page has brought back.

    Raises:
        SignInRefusedError: it is none of ours, or of another attempt.
    """
    try:
        sealed = urlsafe_b64decode(value.encode("ascii"))
        known: dict[str, Any] = orjson.loads(
            unseal(settings, Purpose.SIGN_IN_STATE, sealed, bound_to=_bound_to(attempt))
        )
    except (ValueError, UnsealError) as failure:
        raise SignInRefusedError(Refusal.ATTEMPT_MISSING) from failure
    known["groups"] = tuple(known["groups"])
    known["ends_at"] = None if known["ends_at"] is None else datetime.fromisoformat(known["ends_at"])
    return Identity(**known)


def _bound_to(attempt: Attempt) -> str:
    return f"unsolicited:{attempt.provider_id}:{attempt.state}"
