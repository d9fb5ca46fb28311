"""The metadata of connections, read once for as long as it stays the same."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.metadata import read_metadata

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from auth.sso.outbound import Outbound
    from auth.sso.provider import Provider
    from auth.sso.saml.metadata import IdentityProviderMetadata

REMEMBERED: Final = 1_000


class ProviderDocuments:
    """What the providers of SAML connections say about themselves."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        # By connection, with the digest of the document that it was read from: another document is read anew.
        self._read: OrderedDict[UUID, tuple[bytes, IdentityProviderMetadata]] = OrderedDict()

    async def metadata(self, provider: Provider, now: datetime) -> IdentityProviderMetadata:
        """What the document of a connection says.

        Raises:
            SignInRefusedError: there is none, it is out of date, or it is another provider's.
        """
        if provider.saml is None or provider.saml.metadata is None:
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        raw = provider.saml.metadata.encode()
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
