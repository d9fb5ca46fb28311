"""From text to a document that may run: parsed, within limits, valid. Each text is worked on once, then remembered."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)

from engine.bounded_cache import BoundedCache
from engine.limits import exceeded
from engine.result import Result, Stage
from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphql import DirectiveNode, DocumentNode, GraphQLSchema

    from settings import Settings

# Enough to mend a document by, and no more bytes than a few lines however the document repeats its mistakes.
_MAX_ERRORS: Final = 10
_MAX_CACHED_CHARACTERS: Final = 20_000
_CHARACTERS_OF_A_KILOBYTE: Final = 10
_CONDITIONAL: Final = frozenset({"skip", "include"})


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A valid GraphQL text.

    Attributes:
        digest: SHA-256 of the text, hexadecimal; what the document is known by in caches and logs.
        node: the text, parsed.
        operations: by name; the key is ``None`` for the anonymous one.
        fragments: by name.
        condition_variables: names of the variables that ``@skip`` and ``@include`` look at: they change the shape.
    """

    digest: str
    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    condition_variables: tuple[str, ...]

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation to run: the one named, or the only one when none is named."""
        if name is None:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)


class InvalidDocumentError(Exception):
    """A text that may not run, with the answer to give."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.stage)
        self.result = result


class Documents:
    """The documents seen so far, as far as they come to ``capacity`` characters."""

    def __init__(self, schema: GraphQLSchema, settings: Settings, capacity: int) -> None:
        self._schema = schema
        self._settings = settings
        self._known: BoundedCache[str, Document] = BoundedCache(capacity, _length)

    def document(self, text: str, visible: Callable[[], GraphQLSchema]) -> Document:
        """The document of this text.

        Args:
            text: GraphQL.
            visible: gives the schema as the caller may see it; errors speak of that one, so that a hidden name and
                a name that does not exist give the same answer.

        Raises:
            InvalidDocumentError: it cannot be parsed, is too large, or is not valid.
        """
        known = self._known.get(text)
        if known is not None:
            return known
        try:
            node = self._parse(text)
            too_large = exceeded(node, self._settings)
        except RecursionError:
            too_large = [error("The document is nested too deeply.", ErrorCode.OPERATION_LIMIT_EXCEEDED, limit="depth")]
        if too_large:
            raise InvalidDocumentError(Result(None, tuple(too_large[:_MAX_ERRORS]), Stage.VALIDATION))
        if problems := validate(self._schema, node, max_errors=_MAX_ERRORS, hide_suggestions=True):
            problems = validate(visible(), node, max_errors=_MAX_ERRORS, hide_suggestions=True) or problems
            raise InvalidDocumentError(Result(None, tuple(map(validation_error, problems)), Stage.VALIDATION))
        document = _document(text, node)
        if len(text) <= _MAX_CACHED_CHARACTERS:
            self._known.set(text, document)
        return document

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(
                text,
                max_tokens=self._settings.limit_tokens,
                max_comments=self._settings.limit_tokens,
                allow_empty_selection_sets=False,
            )
        except GraphQLSyntaxError as problem:
            too_long = problem.message.endswith("Parsing aborted.")
            code = ErrorCode.OPERATION_LIMIT_EXCEEDED if too_long else ErrorCode.GRAPHQL_PARSE_FAILED
            stage = Stage.VALIDATION if too_long else Stage.PARSING
            raise InvalidDocumentError(Result(None, (located(problem, code),), stage)) from None


def document_digest(text: str) -> str:
    """What a document is known by in caches and logs: the SHA-256 of its text, hexadecimal."""
    return _remembered_digest(text) if len(text) <= _MAX_CACHED_CHARACTERS else _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Clients send the same few texts for ever.
_remembered_digest = lru_cache(maxsize=500)(_digest)


def validation_error(problem: GraphQLError) -> dict[str, object]:
    """A validation error as a response's ``errors`` entry."""
    return located(problem, ErrorCode.GRAPHQL_VALIDATION_FAILED)


def located(problem: GraphQLError, code: ErrorCode) -> dict[str, object]:
    """An error with the places in the document that it speaks of."""
    entry = error(problem.message, code)
    if problem.locations:
        entry["locations"] = [{"line": place.line, "column": place.column} for place in problem.locations]
    return entry


def weight_of(definition: OperationDefinitionNode) -> int:
    """How much memory the document of an operation takes once it is parsed, in units of about a kilobyte.

    For one that is too long to be kept, neither is anything made of it: more than there is room for anywhere.
    """
    characters = 0 if definition.loc is None else len(definition.loc.source.body)
    return sys.maxsize if characters > _MAX_CACHED_CHARACTERS else 1 + characters // _CHARACTERS_OF_A_KILOBYTE


def _length(document: Document) -> int:
    return 1 + (document.node.loc.end if document.node.loc is not None else 0)


def _document(text: str, node: DocumentNode) -> Document:
    operations = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
    conditions = _Conditions()
    visit(node, conditions)
    return Document(
        digest=document_digest(text),
        node=node,
        operations={each.name.value if each.name else None: each for each in operations},
        fragments={each.name.value: each for each in node.definitions if isinstance(each, FragmentDefinitionNode)},
        condition_variables=tuple(sorted(conditions.variables)),
    )


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in _CONDITIONAL:
            self.variables |= {
                argument.value.name.value
                for argument in node.arguments or ()
                if isinstance(argument.value, VariableNode)
            }
