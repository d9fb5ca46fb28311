"""Putting together what answers "who is asking?", for as long as a server runs."""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from auth.authentication import Authenticator
from auth.grants import Grants
from auth.oauth.client_authentication import ClientAuthentication
from auth.oauth.client_tokens import ClientTokens
from auth.personal_access_tokens import PersonalAccessTokens
from auth.roles import BUILT_IN_ROLES
from auth.sessions.revocation import Revocations
from auth.sessions.session import Sessions
from auth.sessions.signing_keys import SigningKeys
from auth.sso.oidc import OpenIdConnect
from auth.sso.outbound import Outbound
from auth.sso.saml.metadata_refresh import MetadataRefresh
from auth.sso.saml.provider_documents import ProviderDocuments
from auth.sso.saml.self_test import check_verification
from auth.sso.saml.sign_off import SamlSignOff
from auth.sso.saml.sign_on import SamlSignOn
from auth.sso.saml.verifications import Verifications
from auth.sso.sign_in import SignIn
from auth.sso.sign_out import SignOut
from cache import Codec, open_cache, open_local_cache
from tenancy.database import database_url
from tenancy.notifications import Notifications

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from settings import Settings
    from tenancy.directory import Directory

VERIFIED_TOKENS: Final = 10_000
RESOLVED_GRANTS: Final = 10_000
PROVIDER_DOCUMENTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Authentication:
    """Everything that knows who is asking.

    Attributes:
        settings: of the whole server.
        directory: of tenants.
        authenticator: access token to viewer.
        sessions: refresh token to access token, and the end of both.
        keys: what access tokens are signed with.
        revocations: which sessions were ended; an open stream asks to be told.
        sign_in: a person at a browser to a session.
        sign_out: the end of a session at the provider to the end of ours, and the other way round.
        clients: a program that says it is a client, to the client.
        client_tokens: a client to an access token.
    """

    settings: Settings
    directory: Directory
    authenticator: Authenticator
    sessions: Sessions
    keys: SigningKeys
    revocations: Revocations
    sign_in: SignIn
    sign_out: SignOut
    clients: ClientAuthentication
    client_tokens: ClientTokens


@asynccontextmanager
async def open_authentication(
    settings: Settings,
    directory: Directory,
    *,
    notifications: Notifications | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncIterator[Authentication]:
    """Open it; the database must be open before and stay open until after.

    Args:
        settings: of the whole server.
        directory: of tenants.
        notifications: what PostgreSQL tells this process, heard elsewhere; without, it is listened for here.
        transport: how identity providers are reached, where that is not over the network.

    Raises:
        SelfTestFailedError: signatures of SAML messages are not verified on this machine as they should be.
    """
    check_verification()
    # Verifying a token takes less time than asking Redis for it.
    verified = open_local_cache(namespace="verified-token", capacity=VERIFIED_TOKENS)
    grants = open_cache(
        settings,
        namespace=f"grants-{_roles_fingerprint()}",
        capacity=RESOLVED_GRANTS,
        codec=Codec(Grants.to_json, Grants.from_json),
    )
    personal = open_local_cache(namespace="personal-access-token", capacity=VERIFIED_TOKENS)
    documents = open_cache(settings, namespace="identity-provider", capacity=PROVIDER_DOCUMENTS)
    outbound = Outbound(settings, transport)
    async with AsyncExitStack() as opened:
        if notifications is None:
            notifications = Notifications(database_url(settings))
            await opened.enter_async_context(notifications.listening())
        revocations = Revocations(notifications)
        await opened.enter_async_context(revocations.looking())
        opened.push_async_callback(outbound.close)
        for cache in (documents, personal, grants, verified):
            opened.push_async_callback(cache.close)
        keys = SigningKeys(settings)
        sessions = Sessions(settings, keys, directory)
        oidc = OpenIdConnect(settings, outbound, documents)
        saml_documents = ProviderDocuments(outbound, MetadataRefresh(outbound, documents, directory))
        verifications = Verifications()
        opened.callback(verifications.close)
        sign_on = SamlSignOn(settings, saml_documents, verifications)
        sign_off = SamlSignOff(settings, saml_documents, verifications)
        yield Authentication(
            settings=settings,
            directory=directory,
            authenticator=Authenticator(
                settings,
                keys,
                directory,
                verified=verified,
                grants=grants,
                personal=PersonalAccessTokens(personal),
                revocations=revocations,
            ),
            sessions=sessions,
            keys=keys,
            revocations=revocations,
            sign_in=SignIn(settings, directory, oidc, sign_on, sessions),
            sign_out=SignOut(settings, directory, oidc, sign_off),
            clients=ClientAuthentication(settings, directory),
            client_tokens=ClientTokens(settings, keys),
        )


def _roles_fingerprint() -> str:
    # What a built-in role permits is code. While two releases share a Redis, neither may read grants that the other
    # made of its own roles: one of them may just have lost a permission.
    roles = {key: sorted(permissions) for key, permissions in sorted(BUILT_IN_ROLES.items())}
    return hashlib.sha256(orjson.dumps(roles)).hexdigest()[:12]
