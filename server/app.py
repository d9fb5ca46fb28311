"""The application: which path is answered by what, and what is open while it runs."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from auth.opening import open_authentication
from auth.sso.expiry_watch import watching_expiries
from schema.build import build_schema
from server.administration import open_administration
from server.drain import Drain
from server.graceful_server import StartFailedError
from server.graphiql import GraphiQL, assets
from server.graphql import GraphQLEndpoint
from server.health import Readiness, livez
from server.migrations import check_migrations
from server.operations.published import PublishedOperations
from server.request_log import RequestLogMiddleware
from server.routes.auth import AUTH_ROUTES
from server.routes.scim import SCIM_ROUTES
from server.security_headers import SecurityHeadersMiddleware
from server.streams.event_stream import EventStreamEndpoint
from server.streams.operations import Operations
from server.streams.viewers import Viewers
from server.streams.websocket import WebSocketEndpoint
from server.support_witness import WitnessedEngine
from settings import InsecureSettingsError
from tenancy.changes import Changes
from tenancy.database import open_database
from tenancy.notifications import Notifications

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from settings import Settings

_log = structlog.get_logger()

# For requests that were cut off when their grace had run out, to give back what they hold.
_CLEANING_UP_SECONDS: Final = 5


def create_app(settings: Settings, *, drain: Drain | None = None, extra_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application.

    Args:
        settings: of the whole server.
        drain: told when the process is asked to stop, where somebody does that.
        extra_routes: what a development server has beside the rest.

    Raises:
        InsecureSettingsError: there are extra routes in production, where one of them would let everybody in.
    """
    if extra_routes and settings.environment == "production":
        message = "production has no routes beside the server's own"
        raise InsecureSettingsError(message)
    drain = drain or Drain()

    async def ping() -> None:
        await app.state.database.ping()

    app = _Application(
        routes=[
            Route("/graphql/stream", _Opened("event_stream")),
            WebSocketRoute("/graphql", _Opened("websocket")),
            Route("/livez", livez),
            Route("/readyz", Readiness(drain, {"database": ping, "migrations": check_migrations}).answer),
            *AUTH_ROUTES,
            *SCIM_ROUTES,
            *([assets()] if settings.serves_graphiql else []),
            *extra_routes,
        ],
        middleware=[
            Middleware(RequestLogMiddleware, drain=drain),
            Middleware(SecurityHeadersMiddleware, https=settings.is_https),
        ],
        lifespan=partial(_lifespan, settings, drain),
    )
    # Starlette would redirect /graphql/ to an address that it makes of the Host header, which anybody may choose.
    app.router.redirect_slashes = False
    return app


@contextlib.asynccontextmanager
async def _lifespan(settings: Settings, drain: Drain, app: Starlette) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as opened:
        try:
            await _open(settings, drain, app, opened)
        except Exception:  # noqa: BLE001 - whatever it is, it is logged and the start has failed
            # Starlette would have uvicorn log the text of the exception, which may quote the database's address.
            _log.exception("the application cannot start")
            raise StartFailedError from None
        yield
        await drain.finished(_CLEANING_UP_SECONDS)


async def _open(settings: Settings, drain: Drain, app: Starlette, opened: contextlib.AsyncExitStack) -> None:
    """Open what requests need, in this order, to be closed in the reverse one."""
    schema = build_schema()
    database = await open_database(settings)
    opened.push_async_callback(database.close)
    notifications = Notifications(database.url)
    authentication = await opened.enter_async_context(
        open_authentication(settings, database.directory, notifications=notifications)
    )
    app.state.database = database
    app.state.authentication = authentication
    await opened.enter_async_context(watching_expiries())
    administration = await opened.enter_async_context(open_administration(settings))
    engine = WitnessedEngine(schema, settings, administration)
    viewers = Viewers(authentication.authenticator, authentication.revocations, notifications, settings)
    drain.on_ending(viewers.drain)
    operations = Operations(engine, Changes(notifications), settings.database_pool_size)
    await opened.enter_async_context(notifications.listening())
    await opened.enter_async_context(viewers.kept_current())
    published = PublishedOperations(notifications)
    await opened.enter_async_context(published.kept_current())
    app.state.event_stream = EventStreamEndpoint(viewers, operations, published.text, settings)
    app.state.websocket = WebSocketEndpoint(viewers, operations, published.text, settings, drain)
    app.state.graphql = GraphQLEndpoint(
        execute=engine.execute,
        published=published.text,
        authenticator=authentication.authenticator,
        settings=settings,
        graphiql=GraphiQL(authenticator=authentication.authenticator, settings=settings)
        if settings.serves_graphiql
        else None,
    )
    app.state.graphql_with_log = RequestLogMiddleware(app.state.graphql, drain)


class _Application(Starlette):
    """Starlette, but for the one path that nearly every request is for, which needs none of its routing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            scope["app"] = self
            await self.state.graphql_with_log(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Opened:
    """An endpoint that the lifespan has made, by its name in the application's state."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await getattr(scope["app"].state, self._name)(scope, receive, send)
