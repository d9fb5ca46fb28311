"""What the routes share: the open authentication, the cookies of a session, and parameters of small bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qsl

from auth.compact_jws import strict_object
from auth.cookies import Cookie, clear_cookie, set_cookie
from server.refusal import refuse
from server.request_body import read_body

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from auth.opening import Authentication
    from auth.sessions.session import SessionTokens
    from settings import Settings

_BODY_BYTES: Final = 16_384
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"


def authentication_of(request: Request) -> Authentication:
    """What the application has opened."""
    return cast("Authentication", request.app.state.authentication)


def keep_session(response: Response, settings: Settings, tokens: SessionTokens) -> None:
    """Have the browser keep a session's tokens, each for as long as it is good."""
    set_cookie(response, settings, Cookie.ACCESS, tokens.access_token, seconds=tokens.access_seconds)
    set_cookie(response, settings, Cookie.REFRESH, tokens.refresh_token, seconds=tokens.refresh_seconds)


def forget_session(response: Response, settings: Settings) -> None:
    """Have the browser forget them."""
    clear_cookie(response, settings, Cookie.ACCESS)
    clear_cookie(response, settings, Cookie.REFRESH)


async def read_parameters(request: Request) -> dict[str, str]:
    """The parameters of a small body: a form, as OAuth has it, or a JSON object of strings. Nothing: none.

    Raises:
        RequestRefusedError: too large, of another type, malformed, or with a parameter given twice (RFC 6749, 3.2).
    """
    body = await read_body(request.receive, _BODY_BYTES)
    if not body:
        return {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {_FORM, _JSON} or "content-encoding" in request.headers:
        refuse(415, f"The body must be {_FORM} or {_JSON}.")
    try:
        return _from_json(body) if media_type == _JSON else _from_form(body)
    except ValueError:
        refuse(400, "The body is malformed.")


def _from_json(body: bytes) -> dict[str, str]:
    found = strict_object(body)
    if not all(isinstance(value, str) for value in found.values()):
        message = "not all strings"
        raise ValueError(message)
    return cast("dict[str, str]", found)


def _from_form(body: bytes) -> dict[str, str]:
    pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a parameter occurs twice"
        raise ValueError(message)
    return found
