"""Refusing requests that another site made in a signed-in person's browser (cross-site request forgery).

It matters for cookies only: a browser attaches those by itself, a bearer token it does not. Cookies are ``SameSite`` as
well, but that trusts every other application under the same registrable domain; these checks trust none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from errors import ErrorCode
from server.refusal import refuse

if TYPE_CHECKING:
    from starlette.datastructures import Headers

# A page of another origin can send these only after asking first (a CORS preflight), and is never given leave.
_PREFLIGHT_HEADERS: Final = ("apollo-require-preflight", "graphql-require-preflight", "x-apollo-operation-name")

_SIMPLE_MEDIA_TYPES: Final = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


def check_same_origin(method: str, headers: Headers, public_origin: str) -> None:
    """Refuse a request authenticated by cookie unless it can only have come from our own pages.

    Raises:
        RequestRefusedError: 403.
    """
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site")
    if (origin is not None and origin != public_origin) or (site is not None and site != "same-origin"):
        message = f"A request with a cookie must come from {public_origin}. Elsewhere, send a bearer token."
        refuse(403, message, ErrorCode.FORBIDDEN)
    if method == "GET":
        if not _forces_preflight(headers):
            message = "A GET with a cookie needs the header Apollo-Require-Preflight. Or send a bearer token, or POST."
            refuse(403, message, ErrorCode.FORBIDDEN)
    elif origin is None and site is None:
        message = "A POST with a cookie needs an Origin header, as browsers send it. Elsewhere, send a bearer token."
        refuse(403, message, ErrorCode.FORBIDDEN)


def _forces_preflight(headers: Headers) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type not in _SIMPLE_MEDIA_TYPES or any(headers.get(name) for name in _PREFLIGHT_HEADERS)
