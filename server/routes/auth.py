"""Every path by which people and programs prove who they are."""

from __future__ import annotations

from typing import Final

from starlette.routing import Route

from server.challenge import RESOURCE_METADATA_PATH
from server.routes.clients import introspect
from server.routes.discovery import authorization_server, jwks, protected_resource
from server.routes.provider_logout import back_channel, front_channel
from server.routes.saml import SAML_ROUTES
from server.routes.sign_in import callback, login, login_form, logout, logout_page, rehearse
from server.routes.token import revoke, session, token

AUTH_ROUTES: Final = (
    Route("/auth/login", login, methods=["GET"]),
    Route("/auth/login", login_form, methods=["POST"]),
    Route("/auth/test", rehearse, methods=["GET"]),
    Route("/auth/callback/{connection:uuid}", callback, methods=["GET"]),
    # Nobody is sent here: whoever comes all the same gets the page that says that it did not work.
    Route("/auth/callback", callback, methods=["GET"]),
    Route("/auth/logout", logout_page, methods=["GET"]),
    Route("/auth/logout", logout, methods=["POST"]),
    Route("/auth/backchannel-logout/{identity_provider:uuid}", back_channel, methods=["POST"]),
    Route("/auth/frontchannel-logout/{identity_provider:uuid}", front_channel, methods=["GET"]),
    *SAML_ROUTES,
    Route("/auth/session", session, methods=["GET"]),
    Route("/auth/token", token, methods=["POST"]),
    Route("/auth/revoke", revoke, methods=["POST"]),
    Route("/auth/introspect", introspect, methods=["POST"]),
    Route("/.well-known/jwks.json", jwks, methods=["GET"]),
    Route("/.well-known/oauth-authorization-server", authorization_server, methods=["GET"]),
    # By the resource's path, as RFC 9728 puts it together, and without, as people look for it.
    Route(RESOURCE_METADATA_PATH, protected_resource, methods=["GET"]),
    Route("/.well-known/oauth-protected-resource", protected_resource, methods=["GET"]),
)
