"""Response headers that every answer carries, whatever made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# For answers that are no page: nothing in them may be loaded, run or framed. A page brings a policy of its own.
_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
)

_HTTPS_FOR_A_YEAR: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def security_headers(*, https: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers.

    Args:
        https: whether browsers reach the server by https only; then they are told to remember it.
    """
    return (*_HEADERS, _HTTPS_FOR_A_YEAR) if https else _HEADERS


class SecurityHeadersMiddleware:
    """Adds each header that the answer does not set itself.

    Args:
        app: the application inside.
        https: whether browsers reach the server by https only; then they are told to remember it.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = security_headers(https=https)
        self._names = frozenset(name for name, _ in self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                wanting = self._headers
                if not present.isdisjoint(self._names):
                    wanting = tuple(header for header in wanting if header[0] not in present)
                message["headers"] = [*message["headers"], *wanting]
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)
