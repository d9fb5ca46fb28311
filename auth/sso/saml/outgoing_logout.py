"""Our messages about signing out (SAML 2.0 Core 3.7): the request that we make, and the answer that we give."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import orjson
from lxml import etree

from auth.sso.saml.instant import written
from auth.sso.saml.names import ASSERTION, PROTOCOL, SUCCESS, tag

if TYPE_CHECKING:
    from datetime import datetime

    from auth.sso.saml.name_id import NameId
    from auth.sso.saml.service_provider import ServiceProvider


def logout_name(name: NameId) -> str:
    """What is kept of a name, to be repeated to the letter when the person signs out."""
    return orjson.dumps([dict(name.attributes), name.value]).decode()


def logout_request(  # noqa: PLR0913 - one for each thing that it says
    ours: ServiceProvider,
    destination: str,
    identifier: str,
    now: datetime,
    *,
    name: str,
    provider_session: str | None,
) -> Any:  # noqa: ANN401 - lxml has no types
    """That somebody has signed out here. Not signed yet.

    Args:
        ours: who asks.
        destination: the address it goes to.
        identifier: its name.
        now: the time.
        name: of the person, from ``logout_name``.
        provider_session: the provider's name for the session, if it gave one.
    """
    request = _message("p:LogoutRequest", ours, destination, identifier, now)
    attributes, value = orjson.loads(name)
    etree.SubElement(request, tag("a:NameID"), attributes).text = value
    if provider_session is not None:
        etree.SubElement(request, tag("p:SessionIndex")).text = provider_session
    return request


def logout_response(ours: ServiceProvider, destination: str, answered: str, now: datetime) -> Any:  # noqa: ANN401 - lxml has no types
    """That nobody is signed in here any more whom a request was about. Not signed yet.

    Args:
        ours: who answers.
        destination: the address it goes to.
        answered: the name of the request.
        now: the time.
    """
    response = _message("p:LogoutResponse", ours, destination, f"_{secrets.token_urlsafe(32)}", now)
    response.set("InResponseTo", answered)
    etree.SubElement(etree.SubElement(response, tag("p:Status")), tag("p:StatusCode"), Value=SUCCESS)
    return response


def _message(kind: str, ours: ServiceProvider, destination: str, identifier: str, now: datetime) -> Any:  # noqa: ANN401 - lxml has no types
    message = etree.Element(
        tag(kind),
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
        ID=identifier,
        Version="2.0",
        IssueInstant=written(now),
        Destination=destination,
    )
    etree.SubElement(message, tag("a:Issuer")).text = ours.entity_id
    return message
