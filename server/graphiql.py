"""GraphiQL for whoever opens the endpoint in a browser, from our own origin, under a strict content security policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from auth.cookies import Cookie, read_cookie
from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from os import PathLike, stat_result

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from auth.authentication import Authenticator
    from settings import Settings

BUNDLE: Final = Path(__file__).parent.parent / "graphiql" / "dist"

# Where the bundle's index.html looks for its scripts and styles.
ASSETS_PATH: Final = "/graphiql/assets"

_SIGN_IN: Final = "/auth/login?next=/graphql"

# Inline styles are what the editor inside GraphiQL (Monaco) works with; scripts come from files of ours or not at all.
_PAGE_POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "worker-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)

# A worker lives under the policy that its own script came with, and the editor's workers load further files.
_ASSET_POLICY: Final = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"

_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Fieldgate</title></head>
<body>
<h1>GraphiQL has not been built</h1>
<p>The API works all the same. Build the page with <code>make graphiql</code>, then load this address again.</p>
</body>
</html>
"""


class GraphiQL:
    """Answers a browser at ``/graphql``: the page for who is signed in, the way to sign in for who is not."""

    def __init__(self, *, authenticator: Authenticator, settings: Settings, bundle: Path = BUNDLE) -> None:
        self._authenticator = authenticator
        self._settings = settings
        self._bundle = bundle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._may_be_signed_in(Headers(scope=scope)):
            response = self._page()
        else:
            response = RedirectResponse(_SIGN_IN, 303)
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def _may_be_signed_in(self, headers: Headers) -> bool:
        """The page holds nothing secret, so a session that only has to be renewed, as the page can, will do."""
        if read_cookie(headers, self._settings, Cookie.REFRESH) is not None:
            return True
        token = read_cookie(headers, self._settings, Cookie.ACCESS)
        if token is None:
            return False
        try:
            await self._authenticator.viewer(token)
        except UnauthenticatedError:
            return False
        return True

    def _page(self) -> Response:
        try:
            page = (self._bundle / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, 503)
        return HTMLResponse(page, headers={"content-security-policy": _PAGE_POLICY})


def assets(bundle: Path = BUNDLE) -> Mount:
    """The route of the bundle's files. They are no secret, and their names change with their content."""
    return Mount(ASSETS_PATH, _Assets(directory=bundle / "assets", check_dir=False))


class _Assets(StaticFiles):
    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        response.headers["content-security-policy"] = _ASSET_POLICY
        return response
