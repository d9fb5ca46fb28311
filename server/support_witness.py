"""An engine that tells a tenant what support has looked at, before it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auth.acting import ActingKind
from auth.audit import AuditSubject, actor_of, record
from engine.decision import FieldState
from engine.documents import document_digest
from engine.engine import Engine
from engine.explanation import Explanation
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from auth.acting import Acting
    from auth.viewer import Viewer
    from engine.request import Request
    from engine.result import Result
    from tenancy.changes import Topic

_MOST_FIELDS: Final = 200


class WitnessedEngine(Engine):
    """Answers operations. One of support's is written down in the tenant first, or it is not answered."""

    def execute(self, request: Request, viewer: Viewer) -> Coroutine[Any, Any, Result]:
        """Answer one operation for one viewer, as :meth:`Engine.execute` says."""
        # No coroutine around the one that nearly everybody gets.
        if viewer.acting is None:
            return super().execute(request, viewer)
        return self._witnessed(request, viewer, viewer.acting)

    async def subscribe(self, request: Request, viewer: Viewer) -> Topic | Result | None:
        """What a subscription waits for, as :meth:`Engine.subscribe` says."""
        topic = await super().subscribe(request, viewer)
        if topic is not None and viewer.acting is not None:
            await self._witness(request, viewer, viewer.acting)
        return topic

    async def _witnessed(self, request: Request, viewer: Viewer, acting: Acting) -> Result:
        await self._witness(request, viewer, acting)
        return await super().execute(request, viewer)

    async def _witness(self, request: Request, viewer: Viewer, acting: Acting) -> None:
        if acting.kind is not ActingKind.SUPPORT:
            return
        explained = self.explain(request, viewer)
        if not isinstance(explained, Explanation):
            return  # refused before anything of it runs
        shown = {each.field for each in explained.fields if each.state is not FieldState.DENIED}
        details = {
            "document": document_digest(request.document),
            "fields": sorted(field for field in shown if "__" not in field)[:_MOST_FIELDS],
        }
        async with tenant_scope(viewer.tenant, authorization_version=None):
            subject = AuditSubject("session", viewer.session_id)
            await record(
                actor_of(viewer), "support_access:read", subject, details=details, request_id=request.request_id
            )
