"""The headers of the usual request, read in one go: a POST of JSON by a program with a bearer token.

Nearly every request is of this kind, and looking for each header by itself is what cost most about it. Nothing is
decided here that would be decided otherwise elsewhere: what is in any way unusual is not taken at all, and goes
through the checks one by one (``server/graphql.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from auth.authentication import token_name
from server.repeated_heads import meanings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

_MEANING: Final = "plain post"

_TENANT_HINT: Final = b"x-fieldgate-tenant"

_AUTHORIZATION: Final = b"authorization"
_BEARER: Final = b"Bearer "
_ACCEPT: Final = b"accept"
_CONTENT_TYPE: Final = b"content-type"
_CONTENT_LENGTH: Final = b"content-length"
# Every other header that some check looks at for a request with a bearer token.
_UNUSUAL: Final = frozenset({b"content-encoding", b"transfer-encoding", _TENANT_HINT})
_DIGITS: Final = 10


class PlainPost(NamedTuple):
    """What such a request says.

    Attributes:
        token: the bearer token; nothing about it is verified.
        token_name: what it is remembered by.
        accept: the ``Accept`` header, empty where there is none.
    """

    token: str
    token_name: bytes
    accept: str


def plain_post(scope: Scope, limit: int) -> PlainPost | None:
    """The headers, if there is nothing unusual about them.

    Args:
        scope: of a POST.
        limit: bytes that the body may declare to have; the same each time.
    """
    meanings = meanings_of(scope)
    if meanings is None:
        return _plain_post(scope["headers"], limit)
    known: PlainPost | None = meanings.get(_MEANING)
    if known is None:
        known = meanings[_MEANING] = _plain_post(scope["headers"], limit)
    return known


def _plain_post(headers: Sequence[tuple[bytes, bytes]], limit: int) -> PlainPost | None:
    found: dict[bytes, bytes] = dict(headers)
    # With one twice, whichever it is, it would be for the checks to say what that means.
    if len(found) != len(headers) or not _UNUSUAL.isdisjoint(found):
        return None
    length, authorization, accept = found.get(_CONTENT_LENGTH), found.get(_AUTHORIZATION), found.get(_ACCEPT, b"")
    if length is None or authorization is None:
        return None
    if (
        found.get(_CONTENT_TYPE) != b"application/json"
        or not length.isdigit()
        or len(length) > _DIGITS
        or int(length) > limit
        or not authorization.startswith(_BEARER)
    ):
        return None
    token = authorization[len(_BEARER) :].decode("latin-1").strip()
    return PlainPost(token, token_name(token), accept.decode("latin-1"))
