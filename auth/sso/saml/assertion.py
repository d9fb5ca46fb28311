"""What a verified assertion says, and whether it says it to us, here, now, and about the request that we made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.instant import CLOCK_SKEW, MAX_AGE, has_begun, instant, is_not_over, is_recent
from auth.sso.saml.issuer import check_issuer, text_of
from auth.sso.saml.name_id import NameId, name_id
from auth.sso.saml.names import BEARER, tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from auth.sso.saml.expectation import Expectation

_MAX_SESSION_INDEX: Final = 255


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """The word of the identity provider about one person.

    Attributes:
        id: the assertion's own name. It is good for one sign-in.
        memorable_until: after this it would be too old anyway, used before or not.
        request_id: of the request that it answers; ``None`` where it answers none.
        name: the person's.
        authenticated_at: when the person proved who they are.
        session_index: the provider's name for its session with the person.
        session_ends_at: when the provider wants the session to be over.
        context: how the person proved it (an authentication context class).
        attributes: by name, and by friendly name where nothing has that name.
    """

    id: str
    memorable_until: datetime
    request_id: str | None
    name: NameId = field(repr=False)
    authenticated_at: datetime
    session_index: str | None = field(repr=False)
    session_ends_at: datetime | None
    context: str | None
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)


def checked_assertion(
    assertion: Any,  # noqa: ANN401 - lxml has no types
    expected: Expectation,
    now: datetime,
    *,
    answered: str | None,
) -> VerifiedAssertion:
    """The content of an assertion whose origin has been verified.

    Args:
        assertion: what was signed, and nothing else.
        expected: of whom, for whom, in answer to what.
        now: the time.
        answered: the request that the response around it says it answers.

    Raises:
        SignInRefusedError: something does not hold, or is missing.
    """
    if assertion.get("Version") != "2.0":
        raise SignInRefusedError(Refusal.SAML_VERSION)
    check_issuer(assertion, expected.issuer)
    issued = instant(assertion.get("IssueInstant"))
    if issued is None or not is_recent(assertion.get("IssueInstant"), now):
        raise SignInRefusedError(Refusal.SAML_ISSUE_INSTANT)
    _check_conditions(assertion.find(tag("a:Conditions")), expected, now)
    subject = assertion.find(tag("a:Subject"))
    if subject is None:
        raise SignInRefusedError(Refusal.SAML_NAME_ID)
    request_id = _confirmed_request(subject, expected, now, answered)
    authenticated_at, statement = _statement(assertion, now)
    context = statement.find("/".join((tag("a:AuthnContext"), tag("a:AuthnContextClassRef"))))
    return VerifiedAssertion(
        id=assertion.get("ID"),
        memorable_until=issued + MAX_AGE + 2 * CLOCK_SKEW,
        request_id=request_id,
        name=name_id(subject, expected),
        authenticated_at=authenticated_at,
        session_index=_session_index(statement),
        session_ends_at=instant(statement.get("SessionNotOnOrAfter")),
        context=None if context is None else text_of(context)[:_MAX_SESSION_INDEX],
        attributes=_attributes(assertion),
    )


def _check_conditions(conditions: Any, expected: Expectation, now: datetime) -> None:  # noqa: ANN401 - lxml has no types
    if (
        conditions is None
        or not has_begun(conditions.get("NotBefore"), now)
        or not is_not_over(conditions.get("NotOnOrAfter"), now)
    ):
        raise SignInRefusedError(Refusal.SAML_CONDITIONS)
    restrictions = conditions.findall(tag("a:AudienceRestriction"))
    # Each restriction has to be met by one of its audiences.
    met = [
        any(text_of(audience) == expected.audience for audience in restriction.findall(tag("a:Audience")))
        for restriction in restrictions
    ]
    if not met or not all(met):
        raise SignInRefusedError(Refusal.SAML_AUDIENCE)


def _confirmed_request(
    subject: Any,  # noqa: ANN401 - lxml has no types
    expected: Expectation,
    now: datetime,
    answered: str | None,
) -> str | None:
    confirmations = subject.findall(tag("a:SubjectConfirmation"))
    data = confirmations[0].find(tag("a:SubjectConfirmationData")) if len(confirmations) == 1 else None
    if (
        data is None
        or confirmations[0].get("Method") != BEARER
        or not has_begun(data.get("NotBefore"), now)
        or not is_not_over(data.get("NotOnOrAfter"), now)
    ):
        raise SignInRefusedError(Refusal.SAML_CONFIRMATION)
    if data.get("Recipient") != expected.recipient:
        raise SignInRefusedError(Refusal.SAML_RECIPIENT)
    confirmed: str | None = data.get("InResponseTo")
    if confirmed is None and answered is None:
        if not expected.unsolicited:
            raise SignInRefusedError(Refusal.SAML_UNSOLICITED)
        return None
    if confirmed is None or confirmed != answered or confirmed != expected.request_id:
        raise SignInRefusedError(Refusal.SAML_IN_RESPONSE_TO)
    return confirmed


def _statement(assertion: Any, now: datetime) -> tuple[datetime, Any]:  # noqa: ANN401 - lxml has no types
    statement = assertion.find(tag("a:AuthnStatement"))
    authenticated_at = None if statement is None else instant(statement.get("AuthnInstant"))
    if statement is None or authenticated_at is None or authenticated_at > now + CLOCK_SKEW:
        raise SignInRefusedError(Refusal.SAML_AUTHN_STATEMENT)
    if "SessionNotOnOrAfter" in statement.attrib and not is_not_over(statement.get("SessionNotOnOrAfter"), now):
        raise SignInRefusedError(Refusal.SAML_AUTHN_STATEMENT)
    return min(authenticated_at, now), statement


def _session_index(statement: Any) -> str | None:  # noqa: ANN401 - lxml has no types
    index: str | None = statement.get("SessionIndex")
    if index is not None and len(index) > _MAX_SESSION_INDEX:
        raise SignInRefusedError(Refusal.SAML_AUTHN_STATEMENT)
    return index


def _attributes(assertion: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - lxml has no types
    found: dict[str, tuple[str, ...]] = {}
    friendly: dict[str, tuple[str, ...]] = {}
    for attribute in assertion.iter(tag("a:Attribute")):
        values = tuple(text_of(value) for value in attribute.findall(tag("a:AttributeValue")))
        name = attribute.get("Name")
        found[name] = found.get(name, ()) + values
        if "FriendlyName" in attribute.attrib:
            alias = attribute.get("FriendlyName")
            friendly[alias] = friendly.get(alias, ()) + values
    return friendly | found
