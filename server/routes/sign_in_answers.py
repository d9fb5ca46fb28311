"""How a sign-in or a sign-out is answered, by whichever protocol it goes: off to a provider, in, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.responses import RedirectResponse

from auth.cookies import Cookie, read_cookie, set_cookie
from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.refusal import SignInRefusedError
from auth.sso.rehearsal import Rehearsal
from server.request_log import record_of
from server.routes import pages
from server.routes.authentication import authentication_of, keep_session

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from auth.sso.departure import Departure
    from auth.sso.sign_in import Arrival
    from settings import Settings

_log = structlog.get_logger()


def depart(settings: Settings, departure: Departure) -> Response:
    """Off to the provider, with something to bring back."""
    response = see_other(departure.url) if departure.fields is None else pages.go_on_to_provider(departure)
    if departure.attempt is not None:
        set_cookie(response, settings, departure.cookie, departure.attempt, seconds=ATTEMPT_SECONDS)
    return response


async def arrive(request: Request, arrival: Arrival | Rehearsal) -> Response:
    """In, or the page that tells what a dry run has shown."""
    if isinstance(arrival, Rehearsal):
        return pages.rehearsed(arrival)
    authentication = authentication_of(request)
    # Whoever was signed in here before is not any more: two people must never share what is left of a session.
    replaced = read_cookie(request.headers, authentication.settings, Cookie.REFRESH)
    if replaced is not None:
        await authentication.sessions.end(replaced, "replaced")
    elif arrival.replaces is not None:
        await authentication.sessions.end_by_id(arrival.replaces, "replaced")
    response = see_other(arrival.return_path)
    keep_session(response, authentication.settings, arrival.tokens)
    _log.info("signed in", tenant=str(arrival.tokens.subject.tenant_id), session=str(arrival.tokens.subject.session_id))
    return response


def did_not_work(request: Request, failure: Exception) -> Response:
    """The one page, whatever it was; the log gets the rest."""
    reference = record_of(request.scope).request_id
    if not isinstance(failure, SignInRefusedError):
        _log.error("sign-in failed", exc_info=failure)
        return pages.not_signed_in(reference, status=500)
    # The class of the cause says more to whoever sets a provider up; its text may quote what the provider sent.
    cause = None if failure.__cause__ is None else type(failure.__cause__).__name__
    _log.warning("sign-in refused", reason=failure.reason.value, cause=cause)
    return pages.not_signed_in(reference, status=400)


def see_other(target: str) -> RedirectResponse:
    """On to another page."""
    # The address that one leaves may hold a code and a state; neither goes on to the next page or into a cache.
    return RedirectResponse(target, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
