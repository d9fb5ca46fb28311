"""Signed tokens from outside: JWS in compact form (RFC 7515), read strictly.

joserfc checks the signature; what it would let pass is refused here first. JSON with a name twice means different
things to different readers, ``crit`` and ``b64`` change what is signed, ``jwk``/``jku``/``x5u``/``x5c`` let a token
bring its own key, ``zip`` belongs to encryption. No token that we issue or accept needs any of them.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Final, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import Key

ALGORITHMS: Final = frozenset({"ES256", "RS256", "PS256", "Ed25519", "EdDSA"})

_FORBIDDEN_HEADERS: Final = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "enc"})
_HEADER_CHARACTERS: Final = 512
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")


class MalformedTokenError(Exception):
    """Not a token that we would believe. The message is a fixed phrase: nothing of the token is in it."""


class _Registry(jws.JWSRegistry):
    """joserfc's algorithms cut down to ours, so that no other exists to be asked for."""

    algorithms = {name: copy.copy(jws.JWSRegistry.algorithms[name]) for name in ALGORITHMS}  # noqa: RUF012 # as in the base


# RFC 9864 prefers the name Ed25519; providers still say EdDSA, and joserfc warns on each use.
_Registry.algorithms["EdDSA"].security_warning = None


def _refuse_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name occurs twice"
        raise ValueError(message)
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def strict_object(text: bytes) -> dict[str, object]:
    """A JSON object without ``NaN`` or ``Infinity``, and without a name that occurs twice, at any depth.

    Raises:
        ValueError: it is something else.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_refuse_twice, parse_constant=_refuse_constant)
    except RecursionError as failure:
        message = "nested too deep"
        raise ValueError(message) from failure
    if not isinstance(value, dict):
        message = "not an object"
        raise ValueError(message)  # noqa: TRY004 # one error for whatever is wrong with a text
    return cast("dict[str, object]", value)


def read_header(token: str, *, max_characters: int) -> dict[str, object]:
    """The header, which nothing vouches for yet: good for choosing a key, nothing else.

    The size is looked at before anything else, so a huge token costs no more than a small one.

    Raises:
        MalformedTokenError: see there.
    """
    if len(token) > max_characters:
        message = "too long"
        raise MalformedTokenError(message)
    if _COMPACT.match(token) is None:
        message = "not in compact form"
        raise MalformedTokenError(message)
    encoded = token.partition(".")[0]
    if len(encoded) > _HEADER_CHARACTERS:
        message = "header too long"
        raise MalformedTokenError(message)
    try:
        header = strict_object(urlsafe_b64decode(encoded.encode()))
    except ValueError as failure:
        message = "header is not strict JSON"
        raise MalformedTokenError(message) from failure
    if not _FORBIDDEN_HEADERS.isdisjoint(header):
        message = "forbidden header parameter"
        raise MalformedTokenError(message)
    return header


def verified_claims(token: str, key: Key, algorithm: str) -> Mapping[str, object]:
    """The claims of a token that ``key`` signed with exactly this algorithm, whatever its header says.

    Call ``read_header`` first: it is what keeps large and odd tokens out.

    Raises:
        MalformedTokenError: the signature is bad, or the claims are not strict JSON.
    """
    # Names that joserfc doesn't know are for others; those that change what a token means were refused with the header.
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    try:
        verified = jws.deserialize_compact(token, key, registry=registry)
        return strict_object(verified.payload)
    except (JoseError, ValueError) as failure:
        message = "bad signature or claims"
        raise MalformedTokenError(message) from failure
