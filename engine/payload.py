"""What a mutation answers: attributes of the object that it returned, and rows that are read for it by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType
from graphql.error import located_error

from engine.decision import FieldState
from engine.field_errors import positioned
from schema.rules import FromAttribute
from tenancy.errors import StaleAuthorizationError

if TYPE_CHECKING:
    from engine.run import Run
    from engine.selection import SelectedField, Selection


class _NullError(Exception):
    """A value that may not be null is. What was the matter has been written down."""


class NothingReturnedError(TypeError):
    """A mutation returned nothing where its payload says that there is something."""


class Payloads:
    """Makes the finished JSON values of a mutation's fields.

    Attributes:
        errors: of fields that failed, each with its position in the document.
    """

    def __init__(self, run: Run, request_id: str) -> None:
        self._run = run
        self._request_id = request_id
        self.errors: list[tuple[int, dict[str, object]]] = []

    async def value(self, field: SelectedField, answer: object) -> object:
        """The value of a mutation's field.

        Args:
            field: the mutation.
            answer: what it returned.
        """
        try:
            return await self._completed(field, field.definition.type, answer, [field.key])
        except _NullError:
            return None

    def failed(self, field: SelectedField, problem: Exception, path: list[str | int]) -> None:
        """Write down what was the matter with a field."""
        self.errors.append(positioned(located_error(problem, list(field.nodes), path), self._request_id))

    async def _completed(
        self,
        field: SelectedField,
        type_: Any,  # noqa: ANN401 - GraphQL's output types have no common name
        value: object,
        path: list[str | int],
    ) -> object:
        required = isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if required else type_
        if value is None:
            if not required:
                return None
            self.failed(field, NothingReturnedError(field.coordinate), path)
            raise _NullError
        try:
            if isinstance(inner, GraphQLList) and isinstance(value, list | tuple):
                return [
                    await self._completed(field, inner.of_type, each, [*path, index])
                    for index, each in enumerate(value)
                ]
            if isinstance(inner, GraphQLObjectType):
                return await self._object(field.child, value, path)
        except _NullError:
            if required:
                raise
            return None
        return inner.coerce_output_value(value)

    async def _object(self, selection: Selection, source: object, path: list[str | int]) -> dict[str, object]:
        return {
            field.key: await self._field(field, selection, source, [*path, field.key]) for field in selection.fields
        }

    async def _field(
        self,
        field: SelectedField,
        selection: Selection,
        source: object,
        path: list[str | int],
    ) -> object:
        if field.rule is None:
            return selection.type_name
        if self._run.decided.decision.fields[field.index] is FieldState.DENIED:
            self._run.counts[field.index] += 1
            return None
        try:
            if isinstance(field.rule.origin, FromAttribute):
                value = getattr(source, field.rule.origin.name)
                return await self._completed(field, field.definition.type, value, path)
            return await self._run.read(field, source)
        except (_NullError, StaleAuthorizationError):
            raise
        except Exception as problem:
            self.failed(field, problem, path)
            if isinstance(field.definition.type, GraphQLNonNull):
                raise _NullError from problem
            return None
