"""Documents that nobody would write, made from the schema: valid, within the limits, and full of everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from engine.request import Request
from tests.oracle.random_arguments import Argument, literal

if TYPE_CHECKING:
    from random import Random

    from auth.viewer import Viewer
    from schema.declarations import Declarations
    from tests.oracle.random_arguments import RandomArguments

_MOST_ALIASES: Final = 25
_MOST_FIELDS: Final = 60
_DEEPEST: Final = 11

Composite = GraphQLObjectType | GraphQLInterfaceType


@dataclass
class _Draft:
    """One document while it is being written."""

    variables: dict[str, Argument] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0
    fields: int = 0


class RandomDocuments:
    """Makes one document after the other."""

    def __init__(self, random: Random, declarations: Declarations, arguments: RandomArguments, viewer: Viewer) -> None:
        self._random = random
        self._viewer = viewer
        self._schema = declarations.schema
        self._arguments = arguments
        self._draft = _Draft()

    def request(self) -> Request:
        """The next document, with its variables."""
        self._draft = _Draft()
        assert self._schema.query_type is not None
        body = self._selection(self._schema.query_type, 0, set())
        declared = ", ".join(
            f"${name}: {each.type_}{f' = {literal(each.value)}' if each.is_default else ''}"
            for name, each in self._draft.variables.items()
        )
        head = f"query({declared}) " if declared else ""
        values = {name: each.json for name, each in self._draft.variables.items() if not each.is_default}
        return Request("\n".join([head + body, *self._draft.fragments]), "random", variables=values)

    def _chance(self, of_one: float) -> bool:
        return self._random.random() < of_one

    def _selection(self, type_: Composite, depth: int, used: set[str]) -> str:
        """A selection set; ``used`` holds the response keys that are taken at this place."""
        parts = [self._part(type_, depth, used) for _ in range(self._random.randint(1, 5 if depth else 3))]
        kept = [part for part in parts if part] or [self._typename(used)]
        return "{ " + " ".join(kept) + " }"

    def _typename(self, used: set[str]) -> str:
        used.add("__typename")
        return "__typename"

    def _part(self, type_: Composite, depth: int, used: set[str]) -> str:
        if self._draft.fields > _MOST_FIELDS:
            return ""
        if isinstance(type_, GraphQLInterfaceType) and self._chance(0.8):
            return self._fragment(self._random.choice(self._schema.get_possible_types(type_)), depth, used)
        if depth and self._chance(0.1):
            return self._fragment(type_, depth, used)
        if self._chance(0.08):
            return self._typename(used)
        name = self._random.choice([*type_.fields])
        return self._field(type_, name, depth, used)

    def _fragment(self, type_: Composite, depth: int, used: set[str]) -> str:
        body = self._selection(type_, depth, used)
        if self._chance(0.5):
            return f"... on {type_.name}{self._condition()} {body}"
        name = f"F{len(self._draft.fragments)}"
        self._draft.fragments.append(f"fragment {name} on {type_.name} {body}")
        # Twice, where that does not count its aliases twice.
        again = f" ...{name}" if self._chance(0.5) and ":" not in body and "...F" not in body else ""
        return f"...{name}{self._condition()}{again}"

    def _field(self, parent: Composite, name: str, depth: int, used: set[str]) -> str:
        definition = parent.fields[name]
        type_ = get_named_type(definition.type)
        is_leaf = is_leaf_type(type_)
        if not is_leaf and depth >= _DEEPEST:
            return ""
        key = self._key(name, used)
        if key is None:
            return name if is_leaf and name in used and not definition.args else ""
        used.add(key)
        self._draft.fields += 1
        alias = "" if key == name else f"{key}: "
        arguments = self._given(parent, name)
        if is_leaf:
            return f"{alias}{name}{arguments}{self._condition()}"
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        inner: set[str] = set()
        text = f"{alias}{name}{arguments}{self._condition()} {self._selection(type_, depth + 1, inner)}"
        if self._chance(0.1):
            # The same field once more, to be merged.
            self._draft.aliases += bool(alias)
            text += f" {alias}{name}{arguments} {self._selection(type_, depth + 1, inner)}"
        return text

    def _key(self, name: str, used: set[str]) -> str | None:
        """A response key that is free; ``None`` when there is none to be had."""
        if name not in used and not self._chance(0.1):
            return name
        if self._draft.aliases >= _MOST_ALIASES:
            return None
        self._draft.aliases += 1
        return f"k{self._draft.aliases}"

    def _condition(self) -> str:
        if not self._chance(0.06):
            return ""
        directive, truth = self._random.choice(["skip", "include"]), self._chance(0.5)
        value = self._passed(Argument(truth, truth, GraphQLNonNull(GraphQLBoolean)))
        return f" @{directive}(if: {value})"

    def _given(self, parent: Composite, name: str) -> str:
        given = self._arguments.of(self._viewer, parent.name, name, parent.fields[name])
        passed = ", ".join(f"{argument}: {self._passed(value)}" for argument, value in given.items())
        return f"({passed})" if passed else ""

    def _passed(self, argument: Argument) -> str:
        """A value as it stands in the document: itself, or a variable that has it."""
        if self._chance(0.5):
            return literal(argument.value)
        name = f"v{len(self._draft.variables)}"
        self._draft.variables[name] = argument.with_default(self._chance(0.2))
        return f"${name}"


def as_text(request: Request) -> str:
    """A document and its variables, to be printed when it fails."""
    variables: Any = dict(request.variables)
    return f"{request.document}\nvariables: {variables}"
