"""Messages as the browser brings them from a provider (SAML 2.0 Bindings 3.4 and 3.5): in an address, or in a form."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.guard import MAX_BYTES
from auth.sso.saml.outgoing import MessageKind
from auth.sso.saml.signed_query import SignedQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

# The largest message in base64, if each of its characters has to be escaped, and a little beside it.
FORM_BYTES: Final = MAX_BYTES * 4 + 8_192

_MAX_QUERY: Final = 16_384
_RAW_DEFLATE: Final = -15

_MAX_FIELDS: Final = 16
_MAX_RELAY_STATE: Final = 2_048
_DEFLATE: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message; nothing about it is verified.

    Attributes:
        kind: what the sender says it is.
        raw: its bytes.
        relay_state: what came along, empty if nothing did. The standard allows 80 characters; nothing depends on it.
        query: the signature beside it, where it came in an address. In a form the message itself is signed.
    """

    kind: MessageKind
    raw: bytes = field(repr=False)
    relay_state: str = field(default="", repr=False)
    query: SignedQuery | None = field(default=None, repr=False)


def from_form(body: bytes, *kinds: MessageKind) -> Incoming:
    """The one message in a form.

    Args:
        body: ``application/x-www-form-urlencoded``.
        kinds: that are taken here.

    Raises:
        SignInRefusedError: there is none or more than one, or it is not in base64.
    """
    fields = once_each(body)
    found = [kind for kind in MessageKind if kind in fields]
    relay_state = fields.get("RelayState", "")
    if len(found) != 1 or found[0] not in kinds or len(relay_state) > _MAX_RELAY_STATE:
        raise SignInRefusedError(Refusal.SAML_BINDING)
    return Incoming(found[0], decoded(fields[found[0]]), relay_state)


def from_query(query: bytes, *kinds: MessageKind) -> Incoming:
    """The one message in a query, with its signature.

    Args:
        query: as it came, escapes and all.
        kinds: that are taken here.

    Raises:
        SignInRefusedError: there is none or more than one, it is not compressed as it should be, or not signed.
    """
    if len(query) > _MAX_QUERY:
        raise SignInRefusedError(Refusal.SAML_SIZE)
    fields = once_each(query)
    found = [kind for kind in MessageKind if kind in fields]
    if len(found) != 1 or found[0] not in kinds or fields.get("SAMLEncoding", _DEFLATE) != _DEFLATE:
        raise SignInRefusedError(Refusal.SAML_BINDING)
    if "Signature" not in fields or "SigAlg" not in fields:
        raise SignInRefusedError(Refusal.SAML_SIGNATURE_MISSING)
    # What is signed is the text as it was sent: put together of our own escapes it could be another.
    parts = {part.partition(b"=")[0]: part for part in query.split(b"&")}
    names = [name for name in (found[0].value, "RelayState", "SigAlg") if name in fields]
    if any(name.encode() not in parts for name in names):
        raise SignInRefusedError(Refusal.SAML_BINDING)
    signed = [parts[name.encode()] for name in names]
    signature = SignedQuery(b"&".join(signed), fields["SigAlg"], decoded(fields["Signature"]))
    return Incoming(found[0], _inflated(decoded(fields[found[0]])), fields.get("RelayState", ""), signature)


def _inflated(compressed: bytes) -> bytes:
    """No more than a message may have, whatever the compressed bytes would like to become."""
    unpacking = zlib.decompressobj(_RAW_DEFLATE)
    try:
        raw = unpacking.decompress(compressed, MAX_BYTES)
    except zlib.error as failure:
        raise SignInRefusedError(Refusal.SAML_BINDING) from failure
    if unpacking.unconsumed_tail:
        raise SignInRefusedError(Refusal.SAML_SIZE)
    if not unpacking.eof or unpacking.unused_data:
        raise SignInRefusedError(Refusal.SAML_BINDING)
    return raw


def once_each(body: bytes) -> Mapping[str, str]:
    """The fields of a form or a query, each of which occurs once.

    Raises:
        SignInRefusedError: one occurs twice, they are too many, or it is no such text.
    """
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as failure:
        raise SignInRefusedError(Refusal.SAML_BINDING) from failure
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise SignInRefusedError(Refusal.PARAMETER_TWICE)
    return fields


def decoded(text: str) -> bytes:
    """What is in base64, with line breaks or without.

    Raises:
        SignInRefusedError: nothing is.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as failure:
        raise SignInRefusedError(Refusal.SAML_BINDING) from failure
