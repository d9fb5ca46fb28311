"""From an input object, as Strawberry made it, to what a mutation is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import strawberry
from strawberry.types.base import StrawberryContainer, StrawberryObjectDefinition, get_object_definition
from strawberry.utils.str_converters import to_camel_case

from auth.permissions import Requirement
from resolvers.writes import Written
from schema.rules import FIELD_RULE, FieldRule


def written(given: object, path: tuple[str, ...] = ("input",)) -> Written:
    """The keys that an input has, with what each of them asks for.

    Args:
        given: an instance of a ``@strawberry.input`` class.
        path: of the input itself, from the argument down.
    """
    values: dict[str, Any] = {}
    paths: dict[str, tuple[str, ...]] = {}
    writers: dict[str, Requirement] = {}
    requirements: dict[str, Requirement] = {}
    for key in _keys(given, path):
        requirements[key.coordinate] = key.rule.requires
        if isinstance(key.value, list) and key.definition is not None:
            inner = tuple(written(each, (*key.path, str(index))) for index, each in enumerate(key.value))
            values[key.name], paths[key.name] = inner, key.path
            for each in inner:
                requirements |= each.requirements
        elif key.definition is not None:
            nested = written(_emptied(key.definition) if key.value is None else key.value, key.path)
            values |= nested.values
            paths |= nested.paths
            writers |= nested.writers
            requirements |= nested.requirements
        else:
            values[key.name], paths[key.name], writers[key.name] = key.value, key.path, key.rule.requires
    return Written(values, paths, writers, requirements)


class _Key:
    """One key that was given."""

    def __init__(self, owner: StrawberryObjectDefinition, field: Any, value: object, path: tuple[str, ...]) -> None:
        name = field.graphql_name or to_camel_case(field.python_name)
        self.rule: FieldRule = field.metadata[FIELD_RULE]
        self.name: str = self.rule.column or field.python_name
        self.coordinate = f"{owner.name}.{name}"
        self.path = (*path, name)
        self.value = value
        # Of the input type that the key holds, if it holds one.
        self.definition = get_object_definition(_innermost(field.type))


def _keys(given: object, path: tuple[str, ...]) -> Iterator[_Key]:
    definition = get_object_definition(given, strict=True)
    for field in definition.fields:
        value = getattr(given, field.python_name)
        if value is not strawberry.UNSET:
            yield _Key(definition, field, value, path)


def _innermost(type_: object) -> object:
    while isinstance(type_, StrawberryContainer):
        type_ = type_.of_type
    return type_


def _emptied(definition: StrawberryObjectDefinition) -> object:
    """The input with every key ``null``: what ``address: null`` means."""
    return definition.origin(**{field.python_name: None for field in definition.fields})
