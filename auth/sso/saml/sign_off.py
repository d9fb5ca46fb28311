"""Signing out across us and a SAML provider (SAML 2.0 Profiles 4.4), through the browser."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from auth.sso.attempt import new_attempt
from auth.sso.provider_sessions import end_by_logout
from auth.sso.return_path import DEFAULT_RETURN_PATH
from auth.sso.saml.authn_request import request_id
from auth.sso.saml.expectation import Expectation
from auth.sso.saml.incoming_logout import check_response, verified_request
from auth.sso.saml.outgoing import MessageKind, outgoing
from auth.sso.saml.outgoing_logout import logout_request, logout_response
from auth.sso.saml.service_provider import service_provider
from auth.sso.saml.service_provider_key import service_provider_keys

if TYPE_CHECKING:
    from auth.sessions.ended_session import EndedSession
    from auth.sso.attempt import Attempt
    from auth.sso.provider import Provider
    from auth.sso.saml.addressed import Addressed
    from auth.sso.saml.incoming import Incoming
    from auth.sso.saml.incoming_logout import LogoutRequest
    from auth.sso.saml.metadata import IdentityProviderMetadata
    from auth.sso.saml.outgoing import Outgoing
    from auth.sso.saml.provider_documents import ProviderDocuments
    from auth.sso.saml.verifications import Verifications
    from settings import Settings


class SamlSignOff:
    """What SAML providers tell us of sign-outs, and what we tell them."""

    def __init__(self, settings: Settings, documents: ProviderDocuments, verifications: Verifications) -> None:
        self._settings = settings
        self._documents = documents
        self._verifications = verifications

    async def request(
        self, provider: Provider, tenant_slug: str, ended: EndedSession
    ) -> tuple[Outgoing, Attempt] | None:
        """What the browser is to take to the provider of a session that has ended, and what its answer is for.

        ``None`` where the provider does not take it, or has not named the person.

        Raises:
            SignInRefusedError: the provider's metadata is out of date.
        """
        now = datetime.now(UTC)
        metadata = await self._documents.metadata(provider, now)
        name = ended.logout_name
        if not metadata.logout or name is None:
            return None
        attempt = new_attempt(provider, DEFAULT_RETURN_PATH)
        ours = service_provider(self._settings, tenant_slug, provider.id)
        keys = await service_provider_keys(self._settings, provider.id, now)
        message = outgoing(
            MessageKind.REQUEST,
            lambda location: logout_request(
                ours, location, request_id(attempt), now, name=name, provider_session=ended.provider_session
            ),
            metadata.logout,
            keys.current,
            relay_state=attempt.state,
        )
        return message, attempt

    async def heard(self, connection: Addressed, message: Incoming) -> tuple[int, Outgoing | None]:
        """End the sessions that a provider's request names: how many there were, and what to answer, if anywhere.

        Raises:
            SignInRefusedError: something about the request does not hold, or it was used before.
        """
        now = datetime.now(UTC)
        provider = connection.provider

        async def verify(metadata: IdentityProviderMetadata) -> tuple[LogoutRequest, IdentityProviderMetadata]:
            expected = _expectation(connection, metadata)
            return await self._verifications.run(partial(verified_request, message, expected, now)), metadata

        request, metadata = await self._documents.verified(provider, now, verify)
        ended = await end_by_logout(
            provider.id,
            request.id,
            int(request.memorable_until.timestamp()),
            subject=request.subject,
            provider_sessions=request.provider_sessions or (None,),
        )
        locations = {**metadata.logout, **metadata.logout_answers}
        if not locations:
            return ended, None
        keys = await service_provider_keys(self._settings, provider.id, now)
        answer = outgoing(
            MessageKind.RESPONSE,
            lambda location: logout_response(connection.ours, location, request.id, now),
            locations,
            keys.current,
            relay_state=message.relay_state or None,
        )
        return ended, answer

    async def check(self, connection: Addressed, message: Incoming, attempt: Attempt) -> None:
        """Whether the provider says, in answer to the request of this browser, that the person is signed out there.

        Raises:
            SignInRefusedError: something about it does not hold, or they are not.
        """
        now = datetime.now(UTC)

        async def verify(metadata: IdentityProviderMetadata) -> None:
            expected = _expectation(connection, metadata, request_id=request_id(attempt))
            await self._verifications.run(partial(check_response, message, expected, now))

        await self._documents.verified(connection.provider, now, verify)


def _expectation(
    connection: Addressed, metadata: IdentityProviderMetadata, *, request_id: str | None = None
) -> Expectation:
    return Expectation(
        issuer=connection.provider.issuer,
        audience=connection.ours.entity_id,
        recipient=connection.ours.single_logout,
        keys=metadata.keys,
        signed_response=True,
        signed_assertion=True,
        request_id=request_id,
    )
