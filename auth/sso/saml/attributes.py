"""From what an assertion says to an identity: which attribute is the e-mail address, the name, the groups.

SAML has no names that everybody uses. The connection says what its provider calls things; where it does not, the names
that the common products and directories have are tried.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from auth.sso.domain_name import domain_of_address
from auth.sso.domains import is_verified
from auth.sso.id_token import Identity, email_claims, full_name_claim, strings
from auth.sso.saml.instant import CLOCK_SKEW
from auth.sso.saml.names import EMAIL_ADDRESS
from auth.sso.saml.outgoing_logout import logout_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.sso.provider import Provider
    from auth.sso.saml.assertion import VerifiedAssertion

_MICROSOFT: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
USUAL_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "mail", "urn:oid:0.9.2342.19200300.100.1.3", f"{_MICROSOFT}emailaddress"),
    "full_name": (
        "name",
        "displayName",
        "urn:oid:2.16.840.1.113730.3.1.241",
        "http://schemas.microsoft.com/identity/claims/displayname",
    ),
    "groups": (
        "groups",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
        "http://schemas.xmlsoap.org/claims/Group",
    ),
}
# What the subject is called among the attributes, for the page of a dry run. No attribute may take its place.
NAME: Final = "NameID"
NAME_FORMAT: Final = "NameID format"


async def identity_of(provider: Provider, assertion: VerifiedAssertion) -> Identity:
    """Who an assertion is about.

    SAML knows no word for a verified address. An address counts as verified if the connection names an attribute that
    says so, and it does; or, where the connection names none, if it is in a domain that the tenant has proved to be
    its own: the tenant's own provider speaks for those and for no others.
    """
    claims: dict[str, object] = {
        name: values[0] if len(values) == 1 else list(values) for name, values in assertion.attributes.items() if values
    }
    claims[NAME], claims[NAME_FORMAT] = assertion.name.value, assertion.name.format
    names = _names(provider, claims)
    if "email" not in names and assertion.name.format == EMAIL_ADDRESS:
        names["email"] = NAME
    email, verified = email_claims(claims, names)
    if "email_verified" not in names:
        verified = email is not None and await is_verified(provider.tenant_id, domain_of_address(email))
    return Identity(
        subject=assertion.name.subject,
        email=email,
        email_verified=verified,
        authenticated_at=int(assertion.authenticated_at.timestamp()),
        full_name=full_name_claim(claims, names),
        groups=strings(claims.get(names.get("groups", "groups"))),
        provider_session=assertion.session_index,
        acr=assertion.context,
        # The provider's clock may be behind ours: a session that it begins now is not over now.
        ends_at=assertion.session_ends_at and max(assertion.session_ends_at, datetime.now(UTC) + CLOCK_SKEW),
        logout_name=logout_name(assertion.name),
        claims=claims,
    )


def _names(provider: Provider, claims: Mapping[str, object]) -> dict[str, str]:
    usual = {ours: next((name for name in names if name in claims), None) for ours, names in USUAL_NAMES.items()}
    return {ours: theirs for ours, theirs in usual.items() if theirs is not None} | dict(provider.claim_names)
