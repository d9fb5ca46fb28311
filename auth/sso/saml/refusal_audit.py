"""Refused messages, in the audit of the tenant whose connection they came to.

Its administrators want to know. But anybody may post anything to a connection's address, and what is written down here
stays: so beyond a few in a minute, a refusal is in the server's log only.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from auth.audit import NOBODY, AuditSubject, record
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.refusal import Refusal
    from tenancy.placement import TenantPlacement

MOST_PER_MINUTE: Final = 20

_MINUTE: Final = 60.0
_CONNECTIONS: Final = 10_000


class RefusalAudit:
    """What one process writes down."""

    def __init__(self) -> None:
        # By connection: when its minute began, and how many were written down in it.
        self._written: OrderedDict[UUID, tuple[float, int]] = OrderedDict()

    async def note(
        self,
        placement: TenantPlacement,
        connection_id: UUID,
        reason: Refusal,
        request_id: str,
        action: str = "sign_in:refuse",
    ) -> None:
        """Write down that a message was refused.

        Args:
            placement: the tenant.
            connection_id: of the connection. Nobody has proved to speak for it.
            reason: what was wrong.
            request_id: the reference that the person was shown.
            action: what was refused by it.

        Raises:
            NoTenantError: the tenant is gone.
        """
        if not self._has_room(connection_id):
            return
        async with tenant_scope(placement, authorization_version=None):
            await record(
                NOBODY,
                action,
                AuditSubject("identity_provider", connection_id),
                details={"reason": reason.value},
                request_id=request_id,
            )

    def _has_room(self, connection_id: UUID) -> bool:
        now = time.monotonic()
        began, count = self._written.get(connection_id, (now, 0))
        if now - began >= _MINUTE:
            began, count = now, 0
        self._written[connection_id] = (began, count + 1)
        self._written.move_to_end(connection_id)
        while len(self._written) > _CONNECTIONS:
            self._written.popitem(last=False)
        return count < MOST_PER_MINUTE
