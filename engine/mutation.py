"""Mutations: each field in a savepoint of its own, one after the other, as the standard wants it.

Where a request has one mutation, and that is one statement, it goes out with what begins the transaction and is
committed behind it: one round trip. Whenever that changes nothing, whatever the reason, the mutation runs as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.decision import FieldState
from engine.input_permissions import refuse_forbidden_keys
from engine.parameters import Values
from engine.payload import Payloads
from engine.update import plan_update
from schema.rules import FromMutation
from schema.written import written
from tenancy.errors import NotWrittenError, StaleAuthorizationError

if TYPE_CHECKING:
    from engine.plan import Plan
    from engine.run import Run
    from engine.selection import SelectedField
    from resolvers.at_once import Update
    from resolvers.context import Context
    from resolvers.writes import Written
    from schema.declarations import Declarations
    from tenancy.scope import TenantSession

Errors = list[tuple[int, dict[str, object]]]


class UndecidedFieldError(LookupError):
    """A field of the mutation type that is no mutation. It is not answered."""


async def mutate(
    declarations: Declarations, run: Run, session: TenantSession, context: Context
) -> tuple[dict[str, object], Errors]:
    """Run the mutations of an operation.

    Returns:
        The operation's data, and its errors, each with its position in the document.

    Raises:
        StaleAuthorizationError: the first statement found the viewer's grants outdated; nothing has happened.
    """
    return await _Mutating(declarations, run, session, context).all()


class _Mutating:
    def __init__(self, declarations: Declarations, run: Run, session: TenantSession, context: Context) -> None:
        self._declarations = declarations
        self._run = run
        self._session = session
        self._context = context
        self._payloads = Payloads(run, context.request_id)

    async def all(self) -> tuple[dict[str, object], Errors]:
        root = self._run.decided.operation.selection.root
        alone = len(root.fields) == 1
        data: dict[str, object] = {}
        for field in root.fields:
            if field.rule is None:
                data[field.key] = root.type_name
            elif self._run.decided.decision.fields[field.index] is FieldState.DENIED:
                self._run.counts[field.index] += 1
                data[field.key] = None
            else:
                data[field.key] = await self._one(field, alone=alone)
        return data, self._payloads.errors

    async def _one(self, field: SelectedField, *, alone: bool) -> object:
        origin = field.rule.origin if field.rule is not None else None
        if not isinstance(origin, FromMutation):
            raise UndecidedFieldError(field.coordinate)
        known: dict[int, object] = {}
        try:
            given: Any = self._run.inputs.arguments[field.index]["input"]
            asked = written(origin.takes, given)
            if self._run.viewer.grants.lacks_some(asked.permissions):
                refuse_forbidden_keys(self._declarations, field, self._run)
            described = origin.at_once(self._run.viewer, asked) if alone and origin.at_once is not None else None
            if described is not None and await self._made_at_once(field, described, known):
                answer = described.answer
            else:
                answer = await self._made(origin, asked)
        except StaleAuthorizationError:
            raise
        except Exception as problem:  # noqa: BLE001 - one field's failure is that field's error, as the standard says
            self._payloads.failed(field, problem, [field.key])
            return None
        return await self._payloads.value(field, answer, known)

    async def _made(self, origin: FromMutation, asked: Written) -> object:
        # What fails leaves nothing behind; the mutations beside it keep what they did.
        async with self._session.savepoint():
            return await origin.change(self._context, asked)

    async def _made_at_once(self, field: SelectedField, described: Update, known: dict[int, object]) -> bool:
        """Whether it was; what was read in the same statement is put to ``known``."""
        plan = self._plan(field, described)
        if plan.statement is None:
            return False
        values = Values(self._run.inputs, self._run.viewer, described)
        arguments = [parameter.value(values) for parameter in plan.parameters]
        try:
            rows = await self._session.fetch_alone(plan.statement, *arguments, settled=plan.is_settled)
        except NotWrittenError:
            return False
        if rows:
            known |= self._run.assembled(plan, rows)
        return bool(rows)

    def _plan(self, field: SelectedField, described: Update) -> Plan:
        decided = self._run.decided
        key = (field.index, described.shape)
        known = decided.updates.get(key)
        if known is None:
            known = plan_update(
                self._declarations, field, decided.operation.readings, decided.decision, self._run.inputs, described
            )
            decided.updates.set(key, known)
        return known
