"""Metadata from an address that an owner gave, fetched anew before it is out of date and when a key is not in it.

What comes must be about the same provider; then it takes the place of the document in force, and the tenant's audit
tells of it. What does not come, or can't be read, changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from auth.audit import Actor, AuditSubject, record
from auth.sso.refusal import SignInRefusedError
from auth.sso.saml.metadata import fetched_metadata
from models.shared import IdentityProvider
from models.tenant import AuditActorKind
from tenancy.both_schemas import in_both_schemas
from tenancy.errors import NoTenantError, UnknownTenantError
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from datetime import datetime

    from auth.sso.outbound import Outbound
    from auth.sso.provider import Provider
    from auth.sso.saml.terms import SamlTerms
    from cache import Cache
    from tenancy.directory import Directory

# A document that ends is fetched anew from so long before its end.
NEAR: Final = timedelta(days=1)

# While a document is good still, nobody is kept waiting for a newer one for longer.
_PATIENCE_SECONDS: Final = 3.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why to fetch, and how long not to do so again for that reason: messages are free to make, fetches are not."""

    name: str
    seconds: float


ENDING: Final = Occasion("ending", 600)
# A key that the provider has withdrawn is believed for no longer than this.
DAILY: Final = Occasion("daily", 86_400)
UNKNOWN_KEY: Final = Occasion("unknown-key", 60)


def occasion(terms: SamlTerms, now: datetime) -> Occasion:
    """Why to look whether there is a newer document, when there is no other reason."""
    ends = terms.metadata_expires_at
    return ENDING if ends is not None and ends - now < NEAR else DAILY


class MetadataRefresh:
    """Fetches, as often as it may, and keeps what it has fetched."""

    def __init__(self, outbound: Outbound, cache: Cache, directory: Directory) -> None:
        self._outbound = outbound
        self._cache = cache
        self._directory = directory

    async def document(self, provider: Provider, now: datetime, why: Occasion) -> str | None:
        """The document of a connection as it is in force after having looked for a newer one.

        ``None`` if there is nowhere to look, or it is in force no more.
        """
        terms = provider.saml
        if terms is None or terms.metadata_url is None:
            return None
        # An entry of its own for each reason. However many ask, one fetches, and the others wait for what comes of it.
        name = f"{provider.id}:saml-metadata:{why.name}"
        if why is not UNKNOWN_KEY and await self._cache.get(name) is not None:
            # Looked at a while ago, so what has come of it is in the row that the connection was just read from. It
            # may be newer than that where a key is unknown: others have had the same reason in the same moment.
            return terms.metadata
        await self._cache.get_or_set(name, partial(self._fetch, provider, terms, now), seconds=why.seconds)
        row = await IdentityProvider.get_or_none(
            id=provider.id, issuer=provider.issuer, metadata_url=terms.metadata_url
        )
        return None if row is None else row.saml_metadata

    async def _fetch(self, provider: Provider, terms: SamlTerms, now: datetime) -> bool:
        """Whether it is known now what the provider says."""
        good_still = terms.metadata_expires_at is None or terms.metadata_expires_at > now
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS if good_still else None):
                return await self._replace(provider, terms, now)
        except (SignInRefusedError, TimeoutError, UnicodeDecodeError, UnknownTenantError, NoTenantError) as failure:
            reason = failure.reason.value if isinstance(failure, SignInRefusedError) else type(failure).__name__
            _log.warning("metadata not fetched", identity_provider=str(provider.id), reason=reason)
            return False

    async def _replace(self, provider: Provider, terms: SamlTerms, now: datetime) -> bool:
        assert terms.metadata_url is not None  # noqa: S101 # the caller has looked
        raw, said = await fetched_metadata(self._outbound, terms.metadata_url, now)
        document = raw.decode()
        if said.entity_id != provider.issuer:
            _log.warning("metadata is another provider's", identity_provider=str(provider.id))
            return False
        if document == terms.metadata:
            return True
        placement = await self._directory.by_id(provider.tenant_id)
        async with tenant_scope(placement, authorization_version=None), in_both_schemas():
            # Only in the place of what it is newer than: somebody may have put another there meanwhile.
            replaced = await IdentityProvider.filter(
                id=provider.id, metadata_url=terms.metadata_url, saml_metadata=terms.metadata
            ).update(
                saml_metadata=document,
                metadata_expires_at=said.expires_at,
                certificate_expires_at=max(key.expires_at for key in said.keys),
            )
            if replaced:
                await record(
                    Actor(AuditActorKind.IDENTITY_PROVIDER, provider.id),
                    "identity_provider:refresh",
                    AuditSubject("identity_provider", provider.id),
                    details={"fields": ["saml_metadata"]},
                )
        return True
