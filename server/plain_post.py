"""The headers of the usual request, read in one go: a POST of JSON by a program with a bearer token.

Nearly every request is of this kind, and looking for each header by itself is what cost most about it. Nothing is
decided here that would be decided otherwise elsewhere: what is in any way unusual is not taken at all, and goes
through the checks one by one (``server/graphql.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from starlette.types import Scope

_TENANT_HINT: Final = b"x-fieldgate-tenant"

_AUTHORIZATION: Final = b"authorization"
_BEARER: Final = b"Bearer "
_ACCEPT: Final = b"accept"
_CONTENT_TYPE: Final = b"content-type"
_CONTENT_LENGTH: Final = b"content-length"
# Every header that some check looks at for a request with a bearer token.
_LOOKED_AT: Final = frozenset(
    {_AUTHORIZATION, _ACCEPT, _CONTENT_TYPE, _CONTENT_LENGTH, b"content-encoding", b"transfer-encoding", _TENANT_HINT}
)
_NEEDED: Final = frozenset({_AUTHORIZATION, _CONTENT_TYPE, _CONTENT_LENGTH})
_USUAL: Final = frozenset({*_NEEDED, _ACCEPT})
_DIGITS: Final = 10


class PlainPost(NamedTuple):
    """What such a request says.

    Attributes:
        token: the bearer token; nothing about it is verified.
        accept: the ``Accept`` header, empty where there is none.
    """

    token: str
    accept: str


def plain_post(scope: Scope, limit: int) -> PlainPost | None:
    """The headers, if there is nothing unusual about them.

    Args:
        scope: of a POST.
        limit: bytes that the body may declare to have.
    """
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _LOOKED_AT:
            if name in found:
                return None
            found[name] = value
    names = found.keys()
    if not _NEEDED <= names <= _USUAL or found[_CONTENT_TYPE] != b"application/json":
        return None
    length, authorization = found[_CONTENT_LENGTH], found[_AUTHORIZATION]
    if not length.isdigit() or len(length) > _DIGITS or int(length) > limit or not authorization.startswith(_BEARER):
        return None
    return PlainPost(authorization[len(_BEARER) :].decode("latin-1").strip(), found.get(_ACCEPT, b"").decode("latin-1"))
