"""The metadata of connections, read once for as long as it stays the same."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeVar

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.metadata import read_metadata
from auth.sso.saml.metadata_refresh import UNKNOWN_KEY, occasion

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from uuid import UUID

    from auth.sso.outbound import Outbound
    from auth.sso.provider import Provider
    from auth.sso.saml.metadata import IdentityProviderMetadata
    from auth.sso.saml.metadata_refresh import MetadataRefresh

T = TypeVar("T")

REMEMBERED: Final = 1_000


class ProviderDocuments:
    """What the providers of SAML connections say about themselves."""

    def __init__(self, outbound: Outbound, refresh: MetadataRefresh) -> None:
        self._outbound = outbound
        self._refresh = refresh
        # By connection, with the digest of the document that it was read from: another document is read anew.
        self._read: OrderedDict[UUID, tuple[bytes, IdentityProviderMetadata]] = OrderedDict()

    async def metadata(self, provider: Provider, now: datetime) -> IdentityProviderMetadata:
        """What the document of a connection says.

        Raises:
            SignInRefusedError: there is none, it is out of date, or it is another provider's.
        """
        if provider.saml is None or provider.saml.metadata is None:
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        document = await self._refresh.document(provider, now, occasion(provider.saml, now))
        return await self._said(provider, document or provider.saml.metadata, now)

    async def verified(
        self, provider: Provider, now: datetime, verify: Callable[[IdentityProviderMetadata], Awaitable[T]]
    ) -> T:
        """What a verification says with the keys of a provider. If none of them has signed, with those it has by now.

        Args:
            provider: of the connection.
            now: the time.
            verify: verifies; it is asked twice at most.

        Raises:
            SignInRefusedError: as ``metadata`` does; or whatever the verification raises.
        """
        metadata = await self.metadata(provider, now)
        try:
            return await verify(metadata)
        except SignInRefusedError as refused:
            if refused.reason is not Refusal.SAML_SIGNATURE:
                raise
            document = await self._refresh.document(provider, now, UNKNOWN_KEY)
            newer = metadata if document is None else await self._said(provider, document, now)
            if newer.keys == metadata.keys:
                raise
        return await verify(newer)

    async def _said(self, provider: Provider, document: str, now: datetime) -> IdentityProviderMetadata:
        raw = document.encode()
        digest = hashlib.sha256(raw).digest()
        known = self._read.get(provider.id)
        if known is None or known[0] != digest:
            known = digest, await asyncio.to_thread(read_metadata, raw, self._outbound, now)
            self._remember(provider.id, known)
        metadata = known[1]
        out_of_date = metadata.expires_at is not None and metadata.expires_at <= now
        if out_of_date or metadata.entity_id != provider.issuer:
            raise SignInRefusedError(Refusal.SAML_METADATA)
        return metadata

    def _remember(self, provider_id: UUID, read: tuple[bytes, IdentityProviderMetadata]) -> None:
        self._read[provider_id] = read
        self._read.move_to_end(provider_id)
        while len(self._read) > REMEMBERED:
            self._read.popitem(last=False)
