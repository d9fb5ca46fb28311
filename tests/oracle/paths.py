"""Every way from the root to an object type, found in the schema."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from graphql import GraphQLObjectType, get_named_type, is_required_argument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql import GraphQLField

    from schema.declarations import Declarations

_FIRST: Final = 100


def _arguments(field: GraphQLField) -> str | None:
    """The arguments that a field must have; ``None`` when more than the size of a page is asked for."""
    required = [name for name, argument in field.args.items() if is_required_argument(argument)]
    if not required:
        return ""
    return f"(first: {_FIRST})" if required == ["first"] else None


class Paths:
    """Documents that select something of a type. In each, ``%`` is the place for what is selected."""

    def __init__(self, declarations: Declarations) -> None:
        self._types: dict[str, GraphQLObjectType] = {
            name: type_
            for name, type_ in declarations.schema.type_map.items()
            if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
        }
        self.shortest: Mapping[str, str] = self._shortest()

    def _shortest(self) -> dict[str, str]:
        found = {"Query": "{ % }"}
        todo = deque(found)
        while todo:
            name = todo.popleft()
            for target, step in self._steps(name):
                if target not in found:
                    found[target] = found[name].replace("%", step)
                    todo.append(target)
        return found

    def _steps(self, type_name: str) -> Iterator[tuple[str, str]]:
        """(type, how to go on to it) for each field of a type that leads to an object."""
        for name, field in self._types[type_name].fields.items():
            target, arguments = get_named_type(field.type), _arguments(field)
            if isinstance(target, GraphQLObjectType) and arguments is not None:
                yield target.name, f"{name}{arguments} {{ % }}"

    def ways(self, type_name: str) -> dict[str, str]:
        """A document for each field that leads to a type, through whichever connection, by its coordinate."""
        found: dict[str, str] = {}
        for parent in self.shortest:
            for target, step in self._steps(parent):
                if target != type_name:
                    continue
                is_part = parent.endswith(("Connection", "Edge"))
                above = self.ways(parent) if is_part else {parent: self.shortest[parent]}
                for name, document in above.items():
                    coordinate = name if is_part else f"{name}.{step.partition('(')[0].partition(' ')[0]}"
                    through = f"{coordinate}.{step.partition(' ')[0]}" if is_part else coordinate
                    found[through] = document.replace("%", step)
        return found

    def selecting(self, type_name: str, field_name: str) -> str:
        """What selects a field, and of an object every leaf."""
        field = self._types[type_name].fields[field_name]
        target, arguments = get_named_type(field.type), _arguments(field)
        if arguments is None:
            arguments = '(id: "")' if "id" in field.args else '(ids: [""])'
        if not hasattr(target, "fields"):
            return f"{field_name}{arguments}"
        leaves = [
            name
            for name, each in getattr(target, "fields", {}).items()
            if not hasattr(get_named_type(each.type), "fields") and not each.args
        ]
        return f"{field_name}{arguments} {{ __typename {' '.join(leaves)} }}"
