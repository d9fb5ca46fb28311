"""How often strangers are asked while a tenant's transaction waits for the answer.

A transaction holds a connection to the database. Whoever answers slowly on purpose would else hold all of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from auth.sso.connection_settings import ChangeRefusedError, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID


class LookUps:
    """One at a time for each tenant, and for all of them together a quarter of the connections that there are."""

    def __init__(self, pool_size: int) -> None:
        self._most = max(1, pool_size // 4)
        self._tenants: set[UUID] = set()

    @contextmanager
    def one(self, tenant_id: UUID, setting: str) -> Iterator[None]:
        """Ask somebody, in the block.

        Raises:
            ChangeRefusedError: others are being asked. Nobody is made to wait, since that would hold a connection.
        """
        if tenant_id in self._tenants or len(self._tenants) >= self._most:
            message = "Other look-ups are under way. Try again in a few seconds."
            raise ChangeRefusedError(Problem(setting, message, ProblemKind.BUSY))
        self._tenants.add(tenant_id)
        try:
            yield
        finally:
            self._tenants.discard(tenant_id)
