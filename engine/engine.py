"""One operation, from text to bytes: document, decision, plan, run. Each stage is a call below."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from graphql import GraphQLError, OperationType

from engine.answer import answered
from engine.bounded_cache import BoundedCache
from engine.cursors import Cursors
from engine.decision import FieldState, decide
from engine.denials import SaidDenials
from engine.documents import Documents, InvalidDocumentError, located
from engine.executor import DecidedContext, execute_decided
from engine.explanation import explain
from engine.freshness import refused_as_stale
from engine.inputs import InputReader
from engine.introspection import VisibleSchemas
from engine.mutation import mutate
from engine.operation import decided, prepare
from engine.parameter_texts import NoTextError
from engine.parameters import Values
from engine.printed import Printing, printed
from engine.refusal import ForbiddenOperationError, InvalidInputError
from engine.result import Result, Stage
from engine.run import Run, pages, planned
from engine.selection import select
from engine.subscription import refused, topic
from engine.variables import Variables
from errors import ErrorCode, error
from schema.declarations import Declarations
from tenancy.scope import read_in_tenant, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import strawberry
    from graphql import GraphQLSchema, OperationDefinitionNode
    from graphql.execution.values import VariableValues

    from auth.grants import Grants
    from auth.viewer import Viewer
    from engine.assembly import PageValues
    from engine.documents import Document
    from engine.explanation import Explanation
    from engine.inputs import Inputs
    from engine.operation import DecidedOperation, Operation
    from engine.request import Request
    from resolvers.context import Administration
    from settings import Settings
    from tenancy.changes import Change, Topic
    from tenancy.scope import TenantSession


# What is remembered, at the most. The same things are in several of the caches, so they come to less than their sum.
_CHARACTERS: Final = 1_000_000
_KILOBYTES: Final = 150_000

# Of an operation that reads single rows alone.
_NO_PAGES: Final[Mapping[int, PageValues]] = MappingProxyType({})


# What is made for each request is not frozen: that takes as long again as all else about it.
@dataclass(slots=True)
class _Prepared:
    document: Document
    definition: OperationDefinitionNode
    decided: DecidedOperation
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class _Named:
    """An operation of a document, with what it takes to read its variables.

    Attributes:
        key: names it in caches.
    """

    document: Document
    definition: OperationDefinitionNode
    key: tuple[object, ...]
    variables: Variables


class Engine:
    """Answers operations. It keeps documents, operations, decisions and plans, all bounded, and no data of anybody."""

    def __init__(
        self, schema: strawberry.Schema, settings: Settings, administration: Administration | None = None
    ) -> None:
        """Nothing is remembered yet.

        Args:
            schema: verified.
            settings: of the whole server.
            administration: what resolvers look after beside the tenant's tables; without, those that do fail.
        """
        self._administration = administration
        self._schema = schema._schema  # noqa: SLF001 - Strawberry has no public name for the schema it built
        self._declarations = Declarations(self._schema)
        self._cursors = Cursors(settings.key_encryption_key_bytes)
        self._documents = Documents(self._schema, settings, _CHARACTERS)
        self._visible = VisibleSchemas(self._declarations)
        row_types = frozenset(self._declarations.row_types())
        self._inputs = InputReader(self._cursors, row_types, settings.page_limit, settings.limit_nodes)
        self._names: BoundedCache[tuple[str, str | None], _Named] = BoundedCache(
            _KILOBYTES, lambda each: each.variables.weight
        )
        self._operations: BoundedCache[tuple[object, ...], Operation] = BoundedCache(
            _KILOBYTES, lambda each: each.weight
        )
        # The same decision reached from different grants is one entry here, with one set of plans …
        self._decided: BoundedCache[tuple[object, ...], DecidedOperation] = BoundedCache(
            _KILOBYTES, lambda each: each.operation.weight
        )
        # … and here it is found again without being made again. The grants are kept to be compared: an address of
        # memory alone could by now be somebody else's.
        self._recent: BoundedCache[tuple[object, ...], tuple[Grants, DecidedOperation]] = BoundedCache(
            _KILOBYTES, lambda each: each[1].operation.weight
        )

    async def execute(self, request: Request, viewer: Viewer) -> Result:
        """Answer one operation for one viewer.

        Raises:
            tenancy.scope.StaleAuthorizationError: the viewer's grants are outdated. Nothing has happened; resolve
                them again and call again.
        """
        prepared = self._prepare(request, viewer)
        if isinstance(prepared, _Prepared):
            if prepared.decided.bounded:
                prepared = refused_as_stale(prepared.decided.bounded, viewer) or prepared
        elif not prepared.relies_on_grants:
            return prepared
        if isinstance(prepared, _Prepared):
            if prepared.definition.operation is OperationType.MUTATION:
                return await self._mutated(prepared, request, viewer)
            if (printing := self._printing(prepared, viewer)) is not None:
                await read_in_tenant(viewer.tenant, printing.reads, authorization_version=viewer.authorization_version)
                return _printed(prepared.decided, printing)
        is_query = isinstance(prepared, Result) or prepared.definition.operation is OperationType.QUERY
        async with tenant_scope(
            viewer.tenant, authorization_version=viewer.authorization_version, read_only=is_query
        ) as session:
            answer = prepared if isinstance(prepared, Result) else await self._run(prepared, request, viewer, session)
            # Also what was answered without a statement relies on the grants: a refusal may be outdated by now.
            if not session.is_confirmed:
                await session.confirm()
            return answer

    def _printing(self, prepared: _Prepared, viewer: Viewer) -> Printing | None:
        """The printing of an operation whose answer is printed as it comes, if it is one."""
        decided, inputs = prepared.decided, prepared.inputs
        if not decided.may_be_printed:
            return None
        if decided.printed is None:
            decided.printed = printed(decided, partial(planned, self._declarations, decided, inputs))
            if decided.printed is None:
                decided.may_be_printed = False
                return None
        of_pages = pages(inputs, self._cursors) if inputs.reads else _NO_PAGES
        try:
            return Printing(
                decided.printed, Values(inputs, viewer, None), of_pages, len(decided.operation.selection.fields)
            )
        except NoTextError:
            return None

    def _run(self, prepared: _Prepared, request: Request, viewer: Viewer, session: TenantSession) -> Awaitable[Result]:
        run = Run(
            self._declarations,
            self._cursors,
            decided=prepared.decided,
            inputs=prepared.inputs,
            viewer=viewer,
            session=session,
        )
        if prepared.decided.operation.is_planned:
            return _run_planned(run)
        return self._run_decided(run, prepared, request)

    async def subscribe(self, request: Request, viewer: Viewer) -> Topic | Result | None:
        """What a subscription waits for; its refusal when it is refused; ``None`` for a query or a mutation.

        Raises:
            tenancy.scope.StaleAuthorizationError: as for :meth:`execute`.
        """
        prepared = self._prepare(request, viewer)
        if isinstance(prepared, Result) and not prepared.relies_on_grants:
            return prepared
        if isinstance(prepared, _Prepared) and prepared.definition.operation is not OperationType.SUBSCRIPTION:
            return None
        async with tenant_scope(
            viewer.tenant, authorization_version=viewer.authorization_version, read_only=True
        ) as session:
            await session.confirm()
        if isinstance(prepared, Result):
            return prepared
        return refused(prepared.decided) or topic(self._declarations, prepared.decided, prepared.inputs, viewer)

    async def event(self, request: Request, viewer: Viewer, change: Change) -> Result | None:
        """What a change comes to for the viewer of a subscription now; ``None`` when it is none of the viewer's.

        Nothing that was decided before counts. A result without data is the end of the subscription.

        Raises:
            tenancy.scope.StaleAuthorizationError: as for :meth:`execute`.
        """
        prepared = self._prepare(request, viewer)
        if isinstance(prepared, Result) and not prepared.relies_on_grants:
            return prepared
        async with tenant_scope(
            viewer.tenant, authorization_version=viewer.authorization_version, read_only=True
        ) as session:
            await session.confirm()
            if isinstance(prepared, Result):
                return prepared
            if (refusal := refused(prepared.decided)) is not None:
                return refusal
            run = Run(
                self._declarations,
                self._cursors,
                decided=prepared.decided,
                inputs=prepared.inputs,
                viewer=viewer,
                session=session,
            )
            data, errors = await self._executed(run, prepared, request, change)
            if data is not None and not errors and all(value is None for value in data.values()):
                return None
            return answered(run.decided, data, run.counts, errors)

    def explain(self, request: Request, viewer: Viewer) -> Explanation | Result:
        """What would become of an operation, without running any of it; its refusal when it is refused."""
        prepared = self._prepare(request, viewer)
        if isinstance(prepared, Result):
            return prepared
        return explain(self._declarations, prepared.decided, prepared.inputs)

    def _prepare(self, request: Request, viewer: Viewer) -> _Prepared | Result:
        try:
            visible = partial(self._visible.schema, viewer.grants)
            named = self._named(request, visible)
            document, definition = named.document, named.definition
            _refuse_by_way(definition, request)
            values = named.variables.read(request.variables, visible)
            coerced = partial(named.variables.coerced, request.variables, visible)
            operation = self._operation(named, values, coerced)
            arguments = {each.field.index: each.read(values, coerced) for each in operation.arguments}
            inputs = self._inputs.read(operation.asked, arguments, viewer)
            return _Prepared(document, definition, self._decide(operation, inputs, viewer.grants), inputs)
        except InvalidDocumentError as invalid:
            return invalid.result
        except InvalidInputError as invalid:
            return Result(None, invalid.errors, Stage.VALIDATION)
        except ForbiddenOperationError as forbidden:
            return Result(None, forbidden.errors, Stage.DECISION)

    def _named(self, request: Request, visible: Callable[[], GraphQLSchema]) -> _Named:
        """The operation that a request names, of the document that it holds."""
        known = self._names.get((request.document, request.operation_name))
        if known is None:
            document = self._documents.document(request.document, visible)
            definition = _definition(document, request)
            name = definition.name.value if definition.name else None
            known = _Named(document, definition, (document.digest, name), Variables(self._schema, definition))
            self._names.set((request.document, request.operation_name), known)
        return known

    def _operation(
        self, named: _Named, values: Mapping[str, object], coerced: Callable[[], VariableValues]
    ) -> Operation:
        key = named.key
        if named.document.condition_variables:
            key = (*key, *(values.get(each) for each in named.document.condition_variables))
        known = self._operations.get(key)
        if known is None:
            try:
                selection = select(self._declarations, named.document, named.definition, coerced(), key)
            except GraphQLError as problem:  # the variable of a condition is null
                raise InvalidInputError(located(problem, ErrorCode.BAD_USER_INPUT)) from None
            known = prepare(self._declarations, named.definition, selection)
            self._operations.set(key, known)
        return known

    def _decide(self, operation: Operation, inputs: Inputs, grants: Grants) -> DecidedOperation:
        recently = (operation, inputs.shape, id(grants))
        recent = self._recent.get(recently)
        if recent is not None and recent[0] is grants:
            return recent[1]
        decision = decide(self._declarations, operation.selection, operation.readings, inputs, grants)
        key = (operation.selection.key, inputs.shape, decision.key)
        known = self._decided.get(key)
        if known is None or known.operation is not operation:
            known = decided(operation, decision)
            self._decided.set(key, known)
        self._recent.set(recently, (grants, known))
        return known

    def _mutated(self, prepared: _Prepared, request: Request, viewer: Viewer) -> Awaitable[Result]:
        return mutate(
            self._declarations,
            self._cursors,
            decided=prepared.decided,
            inputs=prepared.inputs,
            viewer=viewer,
            request_id=request.request_id,
            administration=self._administration,
        )

    async def _run_decided(self, run: Run, prepared: _Prepared, request: Request) -> Result:
        data, errors = await self._executed(run, prepared, request)
        return answered(run.decided, data, run.counts, errors)

    async def _executed(
        self, run: Run, prepared: _Prepared, request: Request, change: Change | None = None
    ) -> tuple[dict[str, object] | None, list[tuple[int, dict[str, object]]]]:
        introspect = partial(
            self._visible.introspect,
            run.viewer.grants,
            operation=prepared.definition,
            fragments=prepared.document.fragments,
            variables=request.variables,
        )
        context = DecidedContext(
            viewer=run.viewer,
            request_id=request.request_id,
            administered=self._administration,
            run=run,
            declarations=self._declarations,
            introspect=introspect,
        )
        return await execute_decided(
            self._schema, prepared.document.node, context, request.variables, request.operation_name, change
        )


async def _run_planned(run: Run) -> Result:
    data: dict[str, object] = {}
    selection, decision = run.decided.operation.selection, run.decided.decision
    for field in selection.root.fields:
        if field.rule is None:
            data[field.key] = selection.root.type_name
        elif decision.fields[field.index] is FieldState.DENIED:
            run.counts[field.index] += 1
            data[field.key] = None
        else:
            data[field.key] = await run.read(field, None)
    return answered(run.decided, data, run.counts, [])


def _printed(decided: DecidedOperation, printing: Printing) -> Result:
    root_type = decided.operation.selection.root.type_name
    if not decided.deniable:
        return Result(printing.data(), root_type=root_type)
    counts = printing.counts()
    said = decided.said
    # With other counts they are other errors, whoever was told those.
    if said is None or said.counts != counts:
        said = decided.said = SaidDenials(decided.deniable, counts)
    return Result(printing.data(), said.errors, root_type=root_type, printed_errors=said.as_json)


def _definition(document: Document, request: Request) -> OperationDefinitionNode:
    definition = document.operation(request.operation_name)
    if definition is None:
        asked = "needs an operationName" if request.operation_name is None else "has no operation of this name"
        raise InvalidInputError(error(f"The document {asked}.", ErrorCode.BAD_USER_INPUT))
    return definition


def _refuse_by_way(definition: OperationDefinitionNode, request: Request) -> None:
    if definition.operation is OperationType.SUBSCRIPTION and not request.streams:
        message = "A subscription has many answers: send it to /graphql/stream or over a WebSocket."
        raise InvalidInputError(error(message, ErrorCode.BAD_USER_INPUT))
    if request.queries_only and definition.operation is OperationType.MUTATION:
        refusal = error("Only queries may be sent this way; use POST.", ErrorCode.BAD_USER_INPUT)
        raise InvalidDocumentError(Result(None, (refusal,), Stage.METHOD))
