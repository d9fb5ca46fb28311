"""What a connection has agreed with a SAML identity provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from models.shared import SigningPolicy


@dataclass(frozen=True, slots=True)
class SamlTerms:
    """One connection's terms, as its row keeps them.

    Attributes:
        metadata: the provider's document; ``None`` until an owner has put it there. Nobody signs in before that.
        metadata_url: where it can be fetched anew, if an owner said so.
        metadata_expires_at: when it has to have been.
        policy: what of an answer must be signed.
        encrypted: whether assertions must be.
        unsolicited: whether an answer to no request of ours is taken, once the person has said yes to it.
    """

    metadata: str | None = field(repr=False)
    metadata_url: str | None
    metadata_expires_at: datetime | None
    policy: SigningPolicy
    encrypted: bool
    unsolicited: bool
