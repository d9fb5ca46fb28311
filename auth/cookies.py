"""The cookies of a signed-in browser, and where a request carries its access token.

Every cookie is ``HttpOnly``, ``SameSite=Lax`` and, where the public URL is https, ``Secure`` under the prefix
``__Host-``: no other host can set or read it, and no script can. On a developer's plain-http machine browsers refuse
the prefix, so it is left out there; production refuses plain http (``settings.py``). A token is never in a URL.

A SAML provider sends people back by a form of its own site, to which browsers attach no ``SameSite=Lax`` cookie. So
what such a person has to bring back is kept in a cookie of its own with ``SameSite=None``; it opens nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from starlette.requests import cookie_parser

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.responses import Response

    from settings import Settings


class Cookie(StrEnum):
    """The cookies that we set, by the name without its prefix."""

    ACCESS = "fieldgate-access"
    REFRESH = "fieldgate-refresh"
    SIGN_IN = "fieldgate-sign-in"
    SAML_SIGN_IN = "fieldgate-saml-sign-in"
    SAML_SIGN_OUT = "fieldgate-saml-sign-out"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """An access token as a request carries it; nothing about it is verified.

    Attributes:
        text: the token.
        by_cookie: whether the browser attached it by itself. Then the request proves nothing about which page made it,
            and the caller must check the origin (``server/cross_site.py``) before acting on it.
    """

    text: str
    by_cookie: bool


_BEARER: Final = "bearer "
_BACK_BY_FORM: Final = frozenset({Cookie.SAML_SIGN_IN, Cookie.SAML_SIGN_OUT})


def cookie_name(settings: Settings, cookie: Cookie) -> str:
    """The name as browsers know it."""
    return f"__Host-{cookie}" if settings.is_https else cookie.value


def read_cookie(headers: Headers, settings: Settings, cookie: Cookie) -> str | None:
    """The value that the browser sent, if any."""
    # Only one header is read: HTTP/2 may split cookies, and servers join them again before they get here.
    return cookie_parser(headers.get("cookie", "")).get(cookie_name(settings, cookie)) or None


def set_cookie(response: Response, settings: Settings, cookie: Cookie, value: str, *, seconds: int) -> None:
    """Have the browser keep ``value`` for so long."""
    response.set_cookie(
        cookie_name(settings, cookie),
        value,
        max_age=seconds,
        path="/",
        secure=settings.is_https,
        httponly=True,
        # Browsers take "none" with "secure" only. On a developer's machine providers are on the same site.
        samesite="none" if cookie in _BACK_BY_FORM and settings.is_https else "lax",
    )


def clear_cookie(response: Response, settings: Settings, cookie: Cookie) -> None:
    """Have the browser forget it."""
    set_cookie(response, settings, cookie, "", seconds=0)


def token_from(headers: Headers, settings: Settings) -> PresentedToken | None:
    """The access token of a request: a bearer token where there is one, else the cookie's.

    A bearer token that turns out to be bad is not made good by a cookie beside it: who sends one has said who they are.
    """
    authorization = headers.get("authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return PresentedToken(authorization[len(_BEARER) :].strip(), by_cookie=False)
    value = read_cookie(headers, settings, Cookie.ACCESS)
    return None if value is None else PresentedToken(value, by_cookie=True)
