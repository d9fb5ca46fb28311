"""Our messages on their way through the browser (SAML 2.0 Bindings 3.4 and 3.5): in an address, or in a form."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from lxml import etree

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.names import POST, REDIRECT, RSA_SHA256
from auth.sso.saml.signing import detached, sign_message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auth.sso.saml.service_provider_key import KeyPair

# Without a header and a checksum: raw DEFLATE, as the binding has it.
_RAW_DEFLATE: Final = -15


class MessageKind(StrEnum):
    """What a message is, by the name of the parameter that carries it."""

    REQUEST = "SAMLRequest"
    RESPONSE = "SAMLResponse"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be taken to a provider.

    Attributes:
        address: where the browser goes.
        fields: what it posts there; ``None``: the message is in the address.
    """

    address: str = field(repr=False)
    fields: Mapping[str, str] | None = field(default=None, repr=False)


def outgoing(
    kind: MessageKind,
    build: Callable[[str], Any],
    locations: Mapping[str, str],
    pair: KeyPair,
    *,
    relay_state: str | None,
) -> Outgoing:
    """A signed message by the first binding that the provider has: redirect before POST, which takes another click.

    Args:
        kind: request or response.
        build: makes the message for an address, which it has to name.
        locations: of the provider, by binding.
        pair: signs.
        relay_state: what the provider has to bring back along with its answer.

    Raises:
        SignInRefusedError: it has neither.
    """
    if REDIRECT in locations:
        return _in_address(kind, build(locations[REDIRECT]), locations[REDIRECT], pair, relay_state)
    if POST in locations:
        return _in_form(kind, build(locations[POST]), locations[POST], pair, relay_state)
    raise SignInRefusedError(Refusal.SAML_BINDING)


def _in_address(kind: MessageKind, message: Any, location: str, pair: KeyPair, relay_state: str | None) -> Outgoing:  # noqa: ANN401 - lxml has no types
    compressor = zlib.compressobj(level=9, wbits=_RAW_DEFLATE)
    compressed = compressor.compress(etree.tostring(message)) + compressor.flush()
    parameters = [(kind.value, base64.b64encode(compressed).decode())]
    if relay_state is not None:
        parameters.append(("RelayState", relay_state))
    # What is signed is the query as it is sent, escapes and all, in this order.
    signed = urlencode([*parameters, ("SigAlg", RSA_SHA256)])
    signature = urlencode({"Signature": base64.b64encode(detached(signed.encode(), pair)).decode()})
    joint = "&" if urlsplit(location).query else "?"
    return Outgoing(f"{location}{joint}{signed}&{signature}")


def _in_form(kind: MessageKind, message: Any, location: str, pair: KeyPair, relay_state: str | None) -> Outgoing:  # noqa: ANN401 - lxml has no types
    sign_message(message, pair)
    fields = {kind.value: base64.b64encode(etree.tostring(message)).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return Outgoing(location, fields)
