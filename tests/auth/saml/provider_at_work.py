"""A SAML provider at work: set up with our metadata, sent people, sending them back. Its clock is the real one."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from auth.sso.saml.names import POST, REDIRECT, RSA_SHA256, tag
from auth.sso.saml.service_provider import service_provider
from models.shared import IdentityProvider, IdentityProviderKind, SigningPolicy
from tests.auth.browser import ACME, Browser
from tests.auth.saml.provider_double import Case, Words, assertion, encrypt, key_pair, response, sign, text

if TYPE_CHECKING:
    from uuid import UUID

    import httpx2

    from auth.sso.saml.service_provider import ServiceProvider
    from tenancy.placement import TenantPlacement

ENTITY: Final = "https://idp.example/saml"
SIGN_ON: Final = "https://idp.example/sso"
EMAIL: Final = "ada@acme.example"


def metadata(entity_id: str = ENTITY, *, key: str = "idp", bindings: tuple[str, ...] = (REDIRECT, POST)) -> str:
    """What the provider says about itself."""
    places = "".join(f'<md:SingleSignOnService Binding="{each}" Location="{SIGN_ON}"/>' for each in bindings)
    return (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{entity_id}">'
        '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
        f"{key_pair(key).certificate_text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f"{places}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


async def add_connection(placement: TenantPlacement, **changes: Any) -> IdentityProvider:
    """A SAML connection as its owner sets it up."""
    fields: dict[str, Any] = {
        "tenant_id": placement.tenant_id,
        "name": "Test provider",
        "kind": IdentityProviderKind.SAML,
        "issuer": ENTITY,
        "saml_metadata": metadata(),
        "enabled": True,
    }
    return await IdentityProvider.create(**(fields | changes))


def in_a_moment(**offset: float) -> str:
    """A point in time as messages have it, so far from the real now."""
    return (datetime.now(UTC) + timedelta(**offset)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ProviderAtWork:
    """Answers what a browser brings.

    Attributes:
        browser: whose cookies are at stake.
        connection_id: of ours.
        tenant: the tenant's name in paths.
        policy: what is signed.
        encrypted: whether the assertion is.
        request: the last request, as its XML.
        relay_state: what came along with it.
    """

    browser: Browser
    connection_id: UUID
    tenant: str = ACME
    policy: SigningPolicy = SigningPolicy.ASSERTION
    encrypted: bool = False
    request: Any = field(init=False, default=None)
    relay_state: str = field(init=False, default="")

    @property
    def ours(self) -> ServiceProvider:
        return service_provider(self.browser.authentication.settings, self.tenant, self.connection_id)

    async def certificate(self) -> Any:
        """Ours, of the document that the provider was set up with."""
        document = etree.fromstring((await self.browser.get(urlsplit(self.ours.entity_id).path)).content)
        shown = next(document.iter(tag("ds:X509Certificate"))).text
        return load_der_x509_certificate(base64.b64decode(shown))

    async def depart(self, path: str | None = None) -> httpx2.Response:
        """Ask to sign in, and read what the provider is asked. The redirect's signature must hold."""
        answer = await self.browser.get(path or f"/auth/login?tenant={self.tenant}")
        self.read(answer.headers["location"], await self.certificate())
        return answer

    def read(self, location: str, certificate: Any) -> None:
        query = urlsplit(location).query
        signed, _, _ = query.partition("&Signature=")
        parameters = {name: values[0] for name, values in parse_qs(query).items()}
        assert parameters["SigAlg"] == RSA_SHA256
        signature = base64.b64decode(parameters["Signature"])
        certificate.public_key().verify(signature, signed.encode(), PKCS1v15(), SHA256())
        raw = zlib.decompress(base64.b64decode(parameters["SAMLRequest"]), wbits=-15)
        self.request, self.relay_state = etree.fromstring(raw), parameters["RelayState"]

    def words(self, **changes: Any) -> Words:
        """What an honest answer to the last request says."""
        honest = Words(
            issuer=ENTITY,
            audience=self.ours.entity_id,
            recipient=self.ours.assertion_consumer,
            destination=self.ours.assertion_consumer,
            in_response_to=None if self.request is None else self.request.get("ID"),
            issue_instant=in_a_moment(),
            assertion_instant=in_a_moment(),
            not_before=in_a_moment(minutes=-1),
            not_on_or_after=in_a_moment(minutes=5),
            confirmation_not_on_or_after=in_a_moment(minutes=5),
            authn_instant=in_a_moment(),
            attributes=(("email", (EMAIL,)),),
        )
        return replace(honest, **changes)

    async def message(self, *, key: str = "idp", **changes: Any) -> Any:
        """A response, signed as the connection wants it."""
        words = self.words(**changes)
        case = Case(self.policy.value, encrypted=self.encrypted)
        inner = assertion(words)
        if case.signs_assertion:
            sign(inner, key_pair(key))
        outer = response(words, encrypt(text(inner), await self.certificate()) if self.encrypted else inner)
        return sign(outer, key_pair(key)) if case.signs_response else outer

    async def answer(self, **changes: Any) -> bytes:
        return text(await self.message(**changes))

    async def post(self, raw: bytes, *, path: str | None = None, **fields: str) -> httpx2.Response:
        """Have the browser post a response, as a page of the provider's site makes it."""
        form = {"SAMLResponse": base64.b64encode(raw).decode(), "RelayState": self.relay_state} | fields
        headers = {"Origin": "https://idp.example", "Sec-Fetch-Site": "cross-site"}
        target = path or urlsplit(self.ours.assertion_consumer).path
        return await self.browser.client.post(target, data=form, headers=headers)

    async def sign_in(self, **changes: Any) -> httpx2.Response:
        await self.depart()
        return await self.post(await self.answer(**changes))
