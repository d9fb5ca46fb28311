"""Mutations: each field in a savepoint of its own, one after the other, as the standard wants it.

Where a request has one mutation, and that is one statement, it goes out with what pins a transaction and is committed
behind it: one round trip. Whenever that changes nothing, whatever the reason, the mutation runs as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.answer import answered
from engine.at_once import update_at_once
from engine.decision import FieldState
from engine.input_permissions import refuse_forbidden_keys
from engine.payload import Payloads
from engine.run import Run, assembling
from resolvers.context import Context
from schema.rules import FromMutation
from schema.written import written
from tenancy.errors import NotWrittenError, StaleAuthorizationError
from tenancy.scope import change_in_tenant, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.inputs import Inputs
    from engine.operation import Alone, DecidedOperation
    from engine.result import Result
    from engine.selection import SelectedField
    from resolvers.context import Administration
    from schema.declarations import Declarations
    from tenancy.scope import TenantSession


class UndecidedFieldError(LookupError):
    """A field of the mutation type that is no mutation. It is not answered."""


def mutate(  # noqa: PLR0913 - one for each stage that came before
    declarations: Declarations,
    cursors: Cursors,
    *,
    decided: DecidedOperation,
    inputs: Inputs,
    viewer: Viewer,
    request_id: str,
    administration: Administration | None,
) -> Awaitable[Result]:
    """Run the mutations of an operation.

    Raises:
        StaleAuthorizationError: the viewer's grants are outdated; nothing has happened.
    """
    return _Mutating(declarations, cursors, decided, inputs, viewer).all(request_id, administration)


class _Mutating:
    def __init__(
        self, declarations: Declarations, cursors: Cursors, decided: DecidedOperation, inputs: Inputs, viewer: Viewer
    ) -> None:
        self._declarations = declarations
        self._cursors = cursors
        self._decided = decided
        self._inputs = inputs
        self._viewer = viewer
        # What became of trying it at once, where that was a failure of which nobody can say that it changed nothing.
        self._failure: Exception | None = None

    async def all(self, request_id: str, administration: Administration | None) -> Result:
        decided, viewer = self._decided, self._viewer
        if decided.alone is not None:
            data: dict[str, object] = {}
            counts = [0] * len(decided.operation.selection.fields)
            if await self._made_at_once(decided.alone, data, counts):
                return answered(decided, data, counts, [])
        async with tenant_scope(viewer.tenant, authorization_version=viewer.authorization_version) as session:
            context = Context(viewer, request_id, administration)
            result = await self._made_in_turn(session, context)
            # Also what was answered without a statement relies on the grants: a refusal may be outdated by now.
            if not session.is_confirmed:
                await session.confirm()
            return result

    async def _made_at_once(self, alone: Alone, data: dict[str, object], counts: list[int]) -> bool:
        """Whether it was; then its answer is put to ``data``, and the objects that lack a field to ``counts``."""
        field, origin, describe = alone
        viewer, inputs = self._viewer, self._inputs
        try:
            given: Any = inputs.arguments[field.index]["input"]
            asked = written(origin.takes, given)
            if viewer.grants.lacks_some(asked.permissions):
                return False  # and is refused, as any other
            described = describe(viewer, asked)
            if described is None:
                return False
            update = update_at_once(self._declarations, self._decided, inputs, field, described)
            if update.plan.statement is None or not update.answers(described):
                return False
            rows = await change_in_tenant(
                viewer.tenant,
                update.plan.statement,
                update.arguments(described, inputs, viewer),
                authorization_version=viewer.authorization_version,
                settled=update.is_settled,
            )
            if rows:
                data[field.key] = update.completed(rows, assembling(inputs, self._cursors, counts))
            return bool(rows)
        except StaleAuthorizationError:
            raise
        except NotWrittenError:
            return False
        except Exception as problem:  # noqa: BLE001 - one field's failure is that field's error, as the standard says
            self._failure = problem
            return False

    async def _made_in_turn(self, session: TenantSession, context: Context) -> Result:
        decided = self._decided
        run = Run(
            self._declarations,
            self._cursors,
            decided=decided,
            inputs=self._inputs,
            viewer=self._viewer,
            session=session,
        )
        payloads = Payloads(run, context.request_id)
        root = decided.operation.selection.root
        data: dict[str, object] = {}
        for field in root.fields:
            if field.rule is None:
                data[field.key] = root.type_name
            elif decided.decision.fields[field.index] is FieldState.DENIED:
                run.counts[field.index] += 1
                data[field.key] = None
            else:
                data[field.key] = await self._one(field, run, payloads, session, context)
        return answered(decided, data, run.counts, payloads.errors)

    async def _one(
        self, field: SelectedField, run: Run, payloads: Payloads, session: TenantSession, context: Context
    ) -> object:
        origin = field.rule.origin if field.rule is not None else None
        if not isinstance(origin, FromMutation):
            raise UndecidedFieldError(field.coordinate)
        if self._failure is not None:
            payloads.failed(field, self._failure, [field.key])
            return None
        try:
            given: Any = self._inputs.arguments[field.index]["input"]
            asked = written(origin.takes, given)
            if self._viewer.grants.lacks_some(asked.permissions):
                refuse_forbidden_keys(self._declarations, field, run)
            # What fails leaves nothing behind; the mutations beside it keep what they did.
            async with session.savepoint():
                made = await origin.change(context, asked)
        except StaleAuthorizationError:
            raise
        except Exception as problem:  # noqa: BLE001 - one field's failure is that field's error, as the standard says
            payloads.failed(field, problem, [field.key])
            return None
        return await payloads.value(field, made)
