"""Tortoise's state, once for the process: two apps, two clients, and no connection.

Tortoise would keep it in a context variable, which a request's task does not inherit from the task that started the
server; so it is the process's fallback context, and holds nothing that belongs to an event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tortoise.connection import ConnectionHandler
from tortoise.context import TortoiseContext, set_global_context

from tenancy.clients import SHARED_CONNECTION, TENANT_CONNECTION, SharedClient, TenantClient

if TYPE_CHECKING:
    from tortoise.backends.base.client import BaseDBAsyncClient

SHARED_APP: Final = "shared"
TENANT_APP: Final = "tenant"
APPS: Final = {
    SHARED_APP: {"models": ["models.shared"], "default_connection": SHARED_CONNECTION},
    TENANT_APP: {"models": ["models.tenant"], "default_connection": TENANT_CONNECTION},
}


class _Clients(ConnectionHandler):
    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, BaseDBAsyncClient] = {
            SHARED_CONNECTION: SharedClient(connection_name=SHARED_CONNECTION),
            TENANT_CONNECTION: TenantClient(connection_name=TENANT_CONNECTION),
        }

    def get(self, conn_alias: str) -> BaseDBAsyncClient:
        return self._clients[conn_alias]


class _Context(TortoiseContext):
    def __init__(self) -> None:
        super().__init__()
        self._clients = _Clients()

    @property
    def connections(self) -> ConnectionHandler:
        return self._clients

    async def close_connections(self) -> None:
        """Nothing is held."""


_context: Final = _Context()


async def start_orm() -> None:
    """Make the models usable. Any number of calls."""
    if _context.inited:
        return
    engine = "tenancy.clients"  # Tortoise demands a name and never uses it: the clients are made above
    with _context:
        await _context.init(
            {
                "connections": {
                    SHARED_CONNECTION: {"engine": engine, "credentials": {}},
                    TENANT_CONNECTION: {"engine": engine, "credentials": {}},
                },
                "apps": APPS,
            }
        )
    set_global_context(_context)
