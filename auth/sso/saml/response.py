"""Responses to an authentication request (SAML 2.0 Profiles, 4.1.4): from bytes to an assertion to be believed.

The order is fixed: guard, signatures, decryption with the guard once more, and only then what it says. Each step takes
what the one before has returned, so what nobody has signed cannot get further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.assertion import VerifiedAssertion, checked_assertion
from auth.sso.saml.decryption import decrypted
from auth.sso.saml.guard import check_identifiers, guarded
from auth.sso.saml.instant import is_recent
from auth.sso.saml.issuer import check_issuer
from auth.sso.saml.names import SUCCESS, tag
from auth.sso.saml.signature import is_signed, verified

if TYPE_CHECKING:
    from datetime import datetime

    from auth.sso.saml.expectation import Expectation


def verified_assertion(raw: bytes, expected: Expectation, now: datetime) -> VerifiedAssertion:
    """What the identity provider says in a response, once everything about it has held.

    Nothing is kept: whether the response was used before is for the caller to find out, and to make sure of.

    Raises:
        SignInRefusedError: something has not held.
    """
    response = guarded(raw, "p:Response")
    # A signature that is not called for is no reason to look away from it: it must hold like any other.
    if expected.signed_response or is_signed(response):
        response = verified(response, expected.keys)
    _check_response(response, expected, now)
    assertion = _assertion(response, expected)
    if expected.signed_assertion or is_signed(assertion):
        assertion = verified(assertion, expected.keys)
    return checked_assertion(assertion, expected, now, answered=response.get("InResponseTo"))


def _check_response(response: Any, expected: Expectation, now: datetime) -> None:  # noqa: ANN401 - lxml has no types
    if response.get("Version") != "2.0":
        raise SignInRefusedError(Refusal.SAML_VERSION)
    check_issuer(response, expected.issuer)
    if response.get("Destination") != expected.recipient:
        raise SignInRefusedError(Refusal.SAML_DESTINATION)
    if not is_recent(response.get("IssueInstant"), now):
        raise SignInRefusedError(Refusal.SAML_ISSUE_INSTANT)
    check_success(response)


def check_success(response: Any) -> None:  # noqa: ANN401 - lxml has no types
    """Only plain success is success.

    Raises:
        SignInRefusedError: the provider reports something else, or nothing.
    """
    codes = response.findall(f".//{tag('p:StatusCode')}")
    if [code.get("Value") for code in codes] != [SUCCESS]:
        raise SignInRefusedError(Refusal.SAML_STATUS)


def _assertion(response: Any, expected: Expectation) -> Any:  # noqa: ANN401 - lxml has no types
    plain, encrypted = response.findall(tag("a:Assertion")), response.findall(tag("a:EncryptedAssertion"))
    if len(plain) + len(encrypted) != 1:
        raise SignInRefusedError(Refusal.SAML_ASSERTIONS)
    if not encrypted:
        if expected.encrypted:
            raise SignInRefusedError(Refusal.SAML_ENCRYPTION_MISSING)
        return plain[0]
    assertion = guarded(decrypted(encrypted[0], expected.decryption_keys), "a:Assertion")
    check_identifiers(response, assertion)
    return assertion
