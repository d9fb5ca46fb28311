"""One operation, from text to bytes: document, decision, plan, run. Each stage is a call below."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import orjson
from graphql import OperationType
from graphql.execution.values import get_variable_values

from engine.bounded_cache import BoundedCache
from engine.cursors import Cursors
from engine.decision import FieldState, RefusedError, decide
from engine.denials import denials
from engine.documents import Documents, InvalidDocumentError, located
from engine.executor import DecidedContext, execute_decided
from engine.inputs import InputReader, InvalidInputError
from engine.introspection import VisibleSchemas
from engine.plan import plan
from engine.reading import Reading, readings
from engine.result import Result, Stage
from engine.run import Run
from engine.selection import select
from errors import ErrorCode, error
from schema.declarations import Declarations
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    import strawberry
    from graphql import OperationDefinitionNode
    from graphql.execution.values import VariableValues

    from auth.viewer import Viewer
    from engine.documents import Document
    from engine.plan import Plan
    from engine.request import Request
    from engine.selection import OperationSelection, SelectedField
    from settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class _Selected:
    selection: OperationSelection
    readings: tuple[Reading | None, ...]
    by_place: Mapping[tuple[str, tuple[str, ...]], SelectedField]
    is_planned: bool


class Engine:
    """Answers operations. It keeps documents, selections and plans, all bounded; it keeps nothing of any caller."""

    def __init__(self, schema: strawberry.Schema, settings: Settings) -> None:
        self._schema = schema._schema  # noqa: SLF001 - Strawberry has no public name for the schema it built
        self._declarations = Declarations(self._schema)
        self._cursors = Cursors(settings.key_encryption_key_bytes)
        self._documents = Documents(self._schema, settings)
        self._visible = VisibleSchemas(self._declarations)
        self._inputs = InputReader(self._cursors, settings.page_limit, settings.limit_nodes)
        self._selections: BoundedCache[tuple[object, ...], _Selected] = BoundedCache(2_000)
        self._plans: BoundedCache[tuple[object, ...], Plan] = BoundedCache(5_000)

    async def execute(self, request: Request, viewer: Viewer) -> Result:
        """Answer one operation for one viewer.

        Raises:
            tenancy.scope.StaleAuthorizationError: the viewer's grants are outdated. Nothing has happened; resolve
                them again and call again.
        """
        try:
            document = self._documents.document(request.document, partial(self._visible.schema, viewer.grants))
            operation = _operation(document, request)
            variables = self._variables(operation, request)
            selected = self._select(document, operation, variables)
            inputs = self._inputs.read(selected.selection, selected.readings, variables, viewer)
            decision = decide(self._declarations, selected.selection, selected.readings, inputs, viewer.grants)
        except InvalidDocumentError as invalid:
            return invalid.result
        except InvalidInputError as invalid:
            return Result(None, invalid.errors, Stage.VALIDATION)
        except RefusedError as refused:
            return Result(None, refused.errors, Stage.DECISION)

        read_only = operation.operation is OperationType.QUERY
        async with tenant_scope(
            viewer.tenant, authorization_version=viewer.authorization_version, read_only=read_only
        ) as session:
            run = Run(
                selected.selection,
                selected.readings,
                inputs,
                decision,
                viewer,
                session,
                self,
                self._cursors,
            )
            if selected.is_planned:
                return await _run_planned(run)
            return await self._run_decided(run, selected, document, operation, request)

    def plan(self, run: Run, field: SelectedField) -> Plan:
        """The plan of one field, made when it is first asked for."""
        key = (run.selection.key, field.index, run.inputs.shape(), run.decision.key)
        known = self._plans.get(key)
        if known is None:
            known = plan(self._declarations, field, run.readings, run.decision, run.inputs)
            self._plans.set(key, known)
        return known

    def _variables(self, operation: OperationDefinitionNode, request: Request) -> VariableValues:
        values = get_variable_values(
            self._schema,
            operation.variable_definitions or (),
            dict(request.variables),
            max_errors=10,
            hide_suggestions=True,
        )
        if isinstance(values, list):
            raise InvalidInputError(*(located(problem, ErrorCode.BAD_USER_INPUT) for problem in values))
        return values

    def _select(self, document: Document, operation: OperationDefinitionNode, variables: VariableValues) -> _Selected:
        name = operation.name.value if operation.name else None
        conditions = tuple(variables.coerced.get(each) for each in document.condition_variables)
        key = (document.digest, name, conditions)
        known = self._selections.get(key)
        if known is None:
            selection = select(self._declarations, document, operation, variables)
            is_planned = operation.operation is OperationType.QUERY and all(
                field.is_read or field.name == "__typename" for field in selection.root.fields
            )
            by_place = {(field.type_name, field.path): field for field in selection.fields}
            known = _Selected(selection, readings(self._declarations, selection), by_place, is_planned)
            self._selections.set(key, known)
        return known

    async def _run_decided(
        self,
        run: Run,
        selected: _Selected,
        document: Document,
        operation: OperationDefinitionNode,
        request: Request,
    ) -> Result:
        introspect = partial(
            self._visible.introspect,
            run.viewer.grants,
            operation=operation,
            fragments=document.fragments,
            variables=request.variables,
        )
        context = DecidedContext(
            viewer=run.viewer,
            request_id=request.request_id,
            run=run,
            declarations=self._declarations,
            introspect=introspect,
            selected=selected.by_place,
        )
        data, errors = await execute_decided(
            self._schema, document.node, context, request.variables, request.operation_name
        )
        return _result(run, data, errors)


async def _run_planned(run: Run) -> Result:
    data: dict[str, object] = {}
    for field in run.selection.root.fields:
        if field.rule is None:
            data[field.key] = run.selection.root.type_name
        elif run.decision.fields[field.index] is FieldState.DENIED:
            run.counts[field.index] += 1
            data[field.key] = None
        else:
            data[field.key] = await run.read(field, None)
    return _result(run, data, [])


def _result(run: Run, data: object, errors: list[tuple[int, dict[str, object]]]) -> Result:
    errors += [(field.position, each) for field, each in denials(run.selection, run.decision, run.counts)]
    errors.sort(key=lambda each: each[0])
    return Result(orjson.dumps(data), tuple(each for _, each in errors))


def _operation(document: Document, request: Request) -> OperationDefinitionNode:
    operation = document.operation(request.operation_name)
    if operation is None:
        asked = "needs an operationName" if request.operation_name is None else "has no operation of this name"
        raise InvalidInputError(error(f"The document {asked}.", ErrorCode.BAD_USER_INPUT))
    if request.queries_only and operation.operation is not OperationType.QUERY:
        refusal = error("Only queries may be sent this way; use POST.", ErrorCode.BAD_USER_INPUT)
        raise InvalidDocumentError(Result(None, (refusal,), Stage.METHOD))
    return operation
