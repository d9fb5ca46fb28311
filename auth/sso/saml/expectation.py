"""What a response has to be for us to believe it, put together before it is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from auth.sso.saml.certificate import TrustedKey


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of one connection, and of one sign-in through it.

    Attributes:
        issuer: what the identity provider calls itself (entity id).
        audience: what it calls us.
        recipient: the address that it sends people back to. Ours, of this connection and no other.
        keys: that it signs with.
        signed_response: whether the response must be signed. An assertion in it is then signed along.
        signed_assertion: whether the assertion itself must be.
        encrypted: whether the assertion must have been encrypted to us.
        decryption_keys: ours, of this connection, as long as they are good.
        request_id: of the request that the browser is bound to, if it is bound to one.
        unsolicited: whether a response that answers no request is taken as well.
    """

    issuer: str
    audience: str
    recipient: str
    keys: tuple[TrustedKey, ...]
    signed_response: bool
    signed_assertion: bool
    encrypted: bool = False
    decryption_keys: tuple[RSAPrivateKey, ...] = field(default=(), repr=False)
    request_id: str | None = None
    unsolicited: bool = False

    def __post_init__(self) -> None:
        if not (self.signed_response or self.signed_assertion) or not self.keys:
            message = "something has to be signed, by somebody"
            raise ValueError(message)
