"""The protocol between us and a SAML provider: our request, and the answer to it (SAML 2.0 Profiles 4.1)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auth.sso.saml.authn_request import authn_request, request_id
from auth.sso.saml.consumed_message import consume
from auth.sso.saml.expectation import Expectation
from auth.sso.saml.outgoing import MessageKind, outgoing
from auth.sso.saml.service_provider import service_provider
from auth.sso.saml.service_provider_key import service_provider_keys
from models.shared import SigningPolicy

if TYPE_CHECKING:
    from auth.sso.attempt import Attempt
    from auth.sso.provider import Provider
    from auth.sso.saml.addressed import Addressed
    from auth.sso.saml.assertion import VerifiedAssertion
    from auth.sso.saml.metadata import IdentityProviderMetadata
    from auth.sso.saml.outgoing import Outgoing
    from auth.sso.saml.provider_documents import ProviderDocuments
    from auth.sso.saml.service_provider_key import ServiceProviderKeys
    from auth.sso.saml.verifications import Verifications
    from settings import Settings


class SamlSignOn:
    """Sends people to their SAML provider, and takes its word about who comes back."""

    def __init__(self, settings: Settings, documents: ProviderDocuments, verifications: Verifications) -> None:
        self._settings = settings
        self._documents = documents
        self._verifications = verifications

    async def request(self, provider: Provider, tenant_slug: str, attempt: Attempt) -> Outgoing:
        """What the browser is to take to the provider.

        Raises:
            SignInRefusedError: the provider's metadata is out of date, or there is no way to it.
        """
        now = datetime.now(UTC)
        metadata = await self._documents.metadata(provider, now)
        ours = service_provider(self._settings, tenant_slug, provider.id)
        keys = await service_provider_keys(self._settings, provider.id, now)
        # In a thread: to sign takes a millisecond, and a hundred may leave at once.
        return await asyncio.to_thread(
            outgoing,
            MessageKind.REQUEST,
            lambda location: authn_request(ours, location, attempt, now),
            metadata.sign_on,
            keys.current,
            relay_state=attempt.state,
        )

    async def assertion(self, connection: Addressed, raw: bytes, attempt: Attempt | None) -> VerifiedAssertion:
        """The provider's word in a response. It is used up by this: it counts once, whatever comes of it.

        Args:
            connection: that the response was posted to.
            raw: the response.
            attempt: whose request it has to answer; ``None``: it has to answer none.

        Raises:
            SignInRefusedError: something about it does not hold, or it was used before.
        """
        now = datetime.now(UTC)
        provider = connection.provider
        keys = await service_provider_keys(self._settings, provider.id, now)

        async def verify(metadata: IdentityProviderMetadata) -> VerifiedAssertion:
            expected = _expectation(connection, metadata, keys, attempt)
            return await self._verifications.verified_assertion(raw, expected, now)

        assertion = await self._documents.verified(provider, now, verify)
        await consume(provider.id, assertion, now)
        return assertion


def _expectation(
    connection: Addressed, metadata: IdentityProviderMetadata, keys: ServiceProviderKeys, attempt: Attempt | None
) -> Expectation:
    terms = connection.provider.saml
    assert terms is not None  # noqa: S101 # it has metadata
    return Expectation(
        issuer=connection.provider.issuer,
        audience=connection.ours.entity_id,
        recipient=connection.ours.assertion_consumer,
        keys=metadata.keys,
        signed_response=terms.policy in {SigningPolicy.RESPONSE, SigningPolicy.BOTH},
        signed_assertion=terms.policy in {SigningPolicy.ASSERTION, SigningPolicy.BOTH},
        encrypted=terms.encrypted,
        decryption_keys=tuple(pair.private_key for pair in (keys.current, *keys.retired)),
        request_id=None if attempt is None else request_id(attempt),
        unsolicited=attempt is None,
    )
