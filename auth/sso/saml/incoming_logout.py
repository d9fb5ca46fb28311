"""A provider's messages about signing out: whose they are, and what they say.

They are held to the same as responses are: guard, signature, and only then the content, of exactly what was signed. In
an address the signature is beside the message; what it covers is the query as it came, so nothing is read of a message
whose query does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.guard import guarded
from auth.sso.saml.instant import CLOCK_SKEW, MAX_AGE, instant, is_not_over, is_recent
from auth.sso.saml.issuer import check_issuer, text_of
from auth.sso.saml.name_id import name_id
from auth.sso.saml.names import tag
from auth.sso.saml.outgoing import MessageKind
from auth.sso.saml.response import check_success
from auth.sso.saml.signature import is_signed, verified
from auth.sso.saml.signed_query import check_query

if TYPE_CHECKING:
    from datetime import datetime

    from auth.sso.saml.expectation import Expectation
    from auth.sso.saml.incoming import Incoming

_ELEMENTS = {MessageKind.REQUEST: "p:LogoutRequest", MessageKind.RESPONSE: "p:LogoutResponse"}


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """That somebody has signed out at the provider.

    Attributes:
        id: the request's own name. It counts once.
        memorable_until: after this it would be too old anyway.
        subject: who, as our sessions know them.
        provider_sessions: which of their sessions; none named: all of them.
    """

    id: str
    memorable_until: datetime
    subject: str = field(repr=False)
    provider_sessions: tuple[str, ...] = field(repr=False)


def verified_request(message: Incoming, expected: Expectation, now: datetime) -> LogoutRequest:
    """What a logout request says, once everything about it has held.

    Args:
        message: as it came.
        expected: ``recipient`` is the address that it came to.
        now: the time.

    Raises:
        SignInRefusedError: something has not held.
    """
    request = _verified(message, expected, now)
    issued, end = instant(request.get("IssueInstant")), request.get("NotOnOrAfter")
    if issued is None or (end is not None and not is_not_over(end, now)):
        raise SignInRefusedError(Refusal.SAML_ISSUE_INSTANT)
    return LogoutRequest(
        id=request.get("ID"),
        memorable_until=issued + MAX_AGE + 2 * CLOCK_SKEW,
        subject=name_id(request, expected).subject,
        provider_sessions=tuple(text_of(index) for index in request.findall(tag("p:SessionIndex"))),
    )


def check_response(message: Incoming, expected: Expectation, now: datetime) -> None:
    """Whether the provider says that the person is signed out there, in answer to the request of this browser.

    Args:
        message: as it came.
        expected: ``recipient`` is the address that it came to, ``request_id`` the name of our request.
        now: the time.

    Raises:
        SignInRefusedError: something has not held, or they are not.
    """
    response = _verified(message, expected, now)
    if expected.request_id is None or response.get("InResponseTo") != expected.request_id:
        raise SignInRefusedError(Refusal.SAML_IN_RESPONSE_TO)
    check_success(response)


def _verified(message: Incoming, expected: Expectation, now: datetime) -> Any:  # noqa: ANN401 - lxml has no types
    root = guarded(message.raw, _ELEMENTS[message.kind])
    if message.query is not None:
        check_query(message.query, expected.keys)
    if message.query is None or is_signed(root):
        root = verified(root, expected.keys)
    if root.get("Version") != "2.0":
        raise SignInRefusedError(Refusal.SAML_VERSION)
    check_issuer(root, expected.issuer)
    if root.get("Destination") != expected.recipient:
        raise SignInRefusedError(Refusal.SAML_DESTINATION)
    if not is_recent(root.get("IssueInstant"), now):
        raise SignInRefusedError(Refusal.SAML_ISSUE_INSTANT)
    return root
