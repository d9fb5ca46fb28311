"""From the coerced value of an input to what a mutation is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from strawberry.types.base import StrawberryContainer, get_object_definition
from strawberry.utils.str_converters import to_camel_case

from auth.permissions import PUBLIC, Permission, Requirement
from resolvers.writes import Written
from schema.rules import FIELD_RULE, FieldRule

_INPUT: Final = ("input",)
# Clients send the same few sets of keys for ever.
_REMEMBERED: Final = 500


def written(takes: type, given: Mapping[str, Any]) -> Written:
    """The keys that an input has, with what each of them asks for.

    Args:
        takes: a ``@strawberry.input`` class.
        given: values by GraphQL name, as GraphQL coerces them. What was left out is not there.
    """
    flat = _flat(takes, tuple(given))
    if flat is None:
        return _written(takes, given, _INPUT)
    values = {column: given[name] for name, column in flat.columns}
    return Written(values, flat.paths, flat.writers, flat.requirements, flat.permissions)


def _written(takes: type, given: Mapping[str, Any], path: tuple[str, ...]) -> Written:
    values: dict[str, Any] = {}
    paths: dict[str, tuple[str, ...]] = {}
    writers: dict[str, Requirement] = {}
    requirements: dict[str, Requirement] = {}
    # In the order of their declaration, whatever the caller's, so that problems are told in one order.
    for key in _keys(takes):
        if key.name not in given:
            continue
        value, below = given[key.name], (*path, key.name)
        requirements[key.coordinate] = key.requires
        if key.input is None:
            values[key.column], paths[key.column], writers[key.column] = value, below, key.requires
        elif isinstance(value, list):
            inner = tuple(_written(key.input, each, (*below, str(index))) for index, each in enumerate(value))
            values[key.column], paths[key.column] = inner, below
            for each in inner:
                requirements |= each.requirements
        else:
            nested = _written(key.input, _emptied(key.input) if value is None else value, below)
            values |= nested.values
            paths |= nested.paths
            writers |= nested.writers
            requirements |= nested.requirements
    return Written(values, paths, writers, requirements, _permissions(requirements.values()))


@dataclass(frozen=True, slots=True)
class _Flat:
    """What all inputs with the same keys have in common, where none of these holds a further input.

    Attributes:
        columns: each key that was given, and the column that it writes, in the order of their declaration.
        paths: and the others as in :class:`Written`.
    """

    columns: tuple[tuple[str, str], ...]
    paths: Mapping[str, tuple[str, ...]]
    writers: Mapping[str, Requirement]
    requirements: Mapping[str, Requirement]
    permissions: frozenset[Permission]


@lru_cache(maxsize=_REMEMBERED)
def _flat(takes: type, names: tuple[str, ...]) -> _Flat | None:
    """``None``: one of the keys holds an input, so what is written depends on what it holds."""
    keys = [key for key in _keys(takes) if key.name in names]
    if any(key.input is not None for key in keys):
        return None
    return _Flat(
        columns=tuple((key.name, key.column) for key in keys),
        paths={key.column: (*_INPUT, key.name) for key in keys},
        writers={key.column: key.requires for key in keys},
        requirements={key.coordinate: key.requires for key in keys},
        permissions=_permissions(key.requires for key in keys),
    )


def _permissions(requirements: Iterable[Requirement]) -> frozenset[Permission]:
    return frozenset(each for each in requirements if each != PUBLIC)


@dataclass(frozen=True, slots=True)
class _Key:
    """One key that an input may have.

    Attributes:
        name: in GraphQL.
        column: that it writes.
        coordinate: its schema coordinate.
        requires: what writing it asks for.
        input: the class of the input, or of each input in the list, that it holds, if it holds any.
    """

    name: str
    column: str
    coordinate: str
    requires: Requirement
    input: type | None


@cache  # as many as the schema has inputs
def _keys(takes: type) -> tuple[_Key, ...]:
    definition = get_object_definition(takes, strict=True)
    keys = []
    for field in definition.fields:
        name = field.graphql_name or to_camel_case(field.python_name)
        rule: FieldRule = field.metadata[FIELD_RULE]
        inner = get_object_definition(_innermost(field.type))
        keys.append(
            _Key(
                name=name,
                column=rule.column or field.python_name,
                coordinate=f"{definition.name}.{name}",
                requires=rule.requires,
                input=None if inner is None else inner.origin,
            )
        )
    return tuple(keys)


def _innermost(type_: object) -> object:
    while isinstance(type_, StrawberryContainer):
        type_ = type_.of_type
    return type_


def _emptied(takes: type) -> Mapping[str, None]:
    """The input with every key ``null``: what ``address: null`` means."""
    return dict.fromkeys(key.name for key in _keys(takes))
