"""The request that a sign-in begins with (SAML 2.0 Core 3.4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from auth.sso.saml.instant import written
from auth.sso.saml.names import ASSERTION, POST, PROTOCOL, tag

if TYPE_CHECKING:
    from datetime import datetime

    from auth.sso.attempt import Attempt
    from auth.sso.saml.service_provider import ServiceProvider


def request_id(attempt: Attempt) -> str:
    """What an attempt's request is called, and its answer has to name: as hard to guess as a secret."""
    return f"_{attempt.nonce}"


def authn_request(ours: ServiceProvider, destination: str, attempt: Attempt, now: datetime) -> Any:  # noqa: ANN401 - lxml has no types
    """The message, not signed yet.

    Args:
        ours: who asks.
        destination: the address it goes to.
        attempt: which gives it its name, and says whether the person is to be asked anew, and how.
        now: the time.
    """
    request = etree.Element(
        tag("p:AuthnRequest"),
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
        ID=request_id(attempt),
        Version="2.0",
        IssueInstant=written(now),
        Destination=destination,
        ProtocolBinding=POST,
        AssertionConsumerServiceURL=ours.assertion_consumer,
    )
    if attempt.max_age is not None:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, tag("a:Issuer")).text = ours.entity_id
    # Which kind of name is the provider's to choose; for one that lasts it may have to make one up first.
    etree.SubElement(request, tag("p:NameIDPolicy"), AllowCreate="true")
    if attempt.acr is not None:
        wanted = etree.SubElement(request, tag("p:RequestedAuthnContext"), Comparison="exact")
        etree.SubElement(wanted, tag("a:AuthnContextClassRef")).text = attempt.acr
    return request
