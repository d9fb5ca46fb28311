"""Strawberry's executor under a decision: for queries with a field that only a resolver can answer, and subscriptions.

Whatever GraphQL's own execution comes to, this module looks at first. A field that was denied is not resolved, a field
that reads is read by plan and its finished value passed through, and only the rest is Strawberry's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graphql import GraphQLError, execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from engine.decision import FieldState
from engine.field_errors import positioned
from engine.input_permissions import refuse_forbidden_keys
from resolvers.context import Context
from tenancy.scope import StaleAuthorizationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphql import DocumentNode, GraphQLObjectType, GraphQLSchema
    from graphql.execution.collect_fields import FieldDetailsList
    from graphql.pyutils import Path

    from engine.run import Run
    from engine.selection import SelectedField
    from schema.declarations import Declarations
    from tenancy.changes import Change

_INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class DecidedContext(Context):
    """What resolvers may know, and what only the executor does."""

    run: Run
    declarations: Declarations
    introspect: Callable[[SelectedField], object]


class UndecidedFieldError(LookupError):
    """Execution came to a field that no decision was made about. It is not answered."""


class DecidedExecutor(StrawberryGraphQLCoreExecutionContext):
    """See the module's docstring."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401 - graphql-core's signature
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,  # noqa: ANN401 - graphql-core's signature
    ) -> Any:  # noqa: ANN401 - graphql-core's signature
        context: DecidedContext = self.context_value
        keys = tuple(key for key in path.as_list() if isinstance(key, str))
        selected = context.run.decided.operation.by_place.get((parent_type.name, keys))
        if selected is None:
            coordinate = f"{parent_type.name}.{field_details_list[0].node.name.value}"
            raise UndecidedFieldError(coordinate)
        if context.run.decided.decision.fields[selected.index] is FieldState.DENIED:
            context.run.counts[selected.index] += 1
            return None
        if selected.is_read:
            return self._read(context.run, selected, source, field_details_list, path)
        try:
            if selected.name in _INTROSPECTION:
                return context.introspect(selected)
            refuse_forbidden_keys(context.declarations, selected, context.run)
        except GraphQLError as problem:
            self.handle_field_error(problem, selected.definition.type, field_details_list, path)
            return None
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    async def _read(
        self, run: Run, selected: SelectedField, source: object, details: FieldDetailsList, path: Path
    ) -> object:
        try:
            return await run.read(selected, source)
        except Exception as problem:  # noqa: BLE001 - one field's failure is that field's error, as the standard says
            self.handle_field_error(problem, selected.definition.type, details, path)
            return None


async def execute_decided(  # noqa: PLR0913, PLR0917 - graphql-core's, less what nobody here says
    schema: GraphQLSchema,
    document: DocumentNode,
    context: DecidedContext,
    variables: Mapping[str, object],
    name: str | None,
    change: Change | None = None,
) -> tuple[dict[str, object] | None, list[tuple[int, dict[str, object]]]]:
    """Run an operation; for a subscription, what one ``change`` comes to.

    Returns:
        Its data, and its errors, each with the position in the document that it belongs to.

    Raises:
        StaleAuthorizationError: the first statement found the viewer's grants outdated; nothing has happened.
    """
    outcome = execute(
        schema,
        document,
        root_value=change,
        context_value=context,
        variable_values=dict(variables),
        operation_name=name,
        executor_class=DecidedExecutor,
        hide_suggestions=True,
    )
    result = outcome if not hasattr(outcome, "__await__") else await outcome
    for problem in result.errors or ():
        # GraphQL makes a field's error of every exception, but this one is about the whole request.
        if isinstance(problem.original_error, StaleAuthorizationError):
            raise problem.original_error
    return result.data, [positioned(problem, context.request_id) for problem in result.errors or ()]
