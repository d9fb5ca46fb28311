"""What an owner ought to hear about a connection, before it stops working or because it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from auth.sealing import Purpose, UnsealError, unseal
from auth.sso.refusal import SignInRefusedError
from auth.sso.saml.metadata import MetadataWarning, read_metadata
from models.shared import ServiceProviderKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from auth.sso.outbound import Outbound
    from models.shared import IdentityProvider
    from settings import Settings

SOON: Final = timedelta(days=30)
URGENT: Final = timedelta(days=7)

_LONG_AGO: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")


class ConnectionWarningCode(StrEnum):
    """What is the matter."""

    CLIENT_SECRET_UNREADABLE = "client_secret_unreadable"  # noqa: S105 - a warning, not a secret
    CERTIFICATE_EXPIRES = "certificate_expires"
    METADATA_EXPIRES = "metadata_expires"
    OUR_CERTIFICATE_EXPIRES = "our_certificate_expires"
    WEAKLY_SIGNED_CERTIFICATE = "weakly_signed_certificate"
    CERTIFICATE_LEFT_OUT = "certificate_left_out"


_MESSAGES: Final = {
    ConnectionWarningCode.CLIENT_SECRET_UNREADABLE: "Its client secret cannot be read any more: give it once more.",
    ConnectionWarningCode.CERTIFICATE_EXPIRES: "The provider's last certificate expires: take its new metadata.",
    ConnectionWarningCode.METADATA_EXPIRES: "The provider's metadata expires: take a new document.",
    ConnectionWarningCode.OUR_CERTIFICATE_EXPIRES: "Our certificate expires: have a new key made.",
    ConnectionWarningCode.WEAKLY_SIGNED_CERTIFICATE: "A certificate of the provider is signed with SHA-1 or worse.",
    ConnectionWarningCode.CERTIFICATE_LEFT_OUT: "A certificate of the provider is of no use to us and was left out.",
}
_OF_METADATA: Final = {
    MetadataWarning.WEAKLY_SIGNED_CERTIFICATE: ConnectionWarningCode.WEAKLY_SIGNED_CERTIFICATE,
    MetadataWarning.CERTIFICATE_LEFT_OUT: ConnectionWarningCode.CERTIFICATE_LEFT_OUT,
}


@dataclass(frozen=True, slots=True)
class ConnectionWarning:
    """One thing to know.

    Attributes:
        code: what is the matter.
        message: a sentence for the owner.
        expires_at: when it expires, or has expired.
        urgent: whether that is within a week, or keeps people out now.
    """

    code: ConnectionWarningCode
    message: str
    expires_at: datetime | None
    urgent: bool


async def our_expiries(identity_provider_ids: Iterable[UUID]) -> Mapping[UUID, datetime]:
    """When the key ends that we sign with, by connection; those that have none yet are left out."""
    keys = ServiceProviderKey.filter(identity_provider_id__in=[*identity_provider_ids], retired_at=None)
    found: dict[UUID, datetime] = dict(
        await keys.order_by("not_after").values_list("identity_provider_id", "not_after")
    )
    return found


def secret_warnings(settings: Settings, row: IdentityProvider) -> list[ConnectionWarning]:
    """Whether nobody can sign in by a connection because its secret, as it is in force, does not open."""
    if row.client_secret is None:
        return []
    try:
        unseal(settings, Purpose.CLIENT_SECRET, row.client_secret, bound_to=str(row.id))
    except UnsealError:
        code = ConnectionWarningCode.CLIENT_SECRET_UNREADABLE
        return [ConnectionWarning(code, _MESSAGES[code], expires_at=None, urgent=True)]
    return []


def connection_warnings(
    row: IdentityProvider, ours: datetime | None, outbound: Outbound, now: datetime
) -> list[ConnectionWarning]:
    """Everything that is to be known of a connection.

    Args:
        row: the connection.
        ours: when our own key ends, if there is one.
        outbound: knows which addresses are safe.
        now: the time.
    """
    warnings = expiry_warnings(row.certificate_expires_at, row.metadata_expires_at, ours, now)
    if row.saml_metadata:
        try:
            # As of when it was good: that it is over is said above.
            said = read_metadata(row.saml_metadata.encode(), outbound, _LONG_AGO).warnings
        except SignInRefusedError:
            said = frozenset()
        warnings += [
            ConnectionWarning(code, _MESSAGES[code], expires_at=None, urgent=False)
            for each, code in _OF_METADATA.items()
            if each in said
        ]
    return warnings


def expiry_warnings(
    certificate: datetime | None, metadata: datetime | None, ours: datetime | None, now: datetime
) -> list[ConnectionWarning]:
    """What expires within ``SOON``, or has expired."""
    ends = {
        ConnectionWarningCode.CERTIFICATE_EXPIRES: certificate,
        ConnectionWarningCode.METADATA_EXPIRES: metadata,
        ConnectionWarningCode.OUR_CERTIFICATE_EXPIRES: ours,
    }
    return [
        ConnectionWarning(code, _MESSAGES[code], end, urgent=end <= now + URGENT)
        for code, end in ends.items()
        if end is not None and end <= now + SOON
    ]
