"""Where a request carries its access token."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auth.cookies import ACCESS_COOKIE, cookie
from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from starlette.datastructures import Headers


class Credential(NamedTuple):
    """An access token, not verified.

    Attributes:
        token: the text of the token.
        by_cookie: whether the browser attached it by itself, whoever made the request.
    """

    token: str
    by_cookie: bool


def credential_of(headers: Headers) -> Credential | None:
    """The ``Authorization`` header decides when there is one; a cookie counts only where there is none.

    Raises:
        UnauthenticatedError: there are several headers, or one that holds no bearer token.
    """
    authorization = headers.getlist("authorization")
    if not authorization:
        token = cookie(headers, ACCESS_COOKIE)
        return Credential(token, by_cookie=True) if token else None
    scheme, _, token = authorization[0].partition(" ")
    token = token.strip()
    if len(authorization) > 1 or scheme.lower() != "bearer" or not token:
        message = "no single bearer token in the Authorization header"
        raise UnauthenticatedError(message)
    return Credential(token, by_cookie=False)
