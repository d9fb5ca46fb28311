"""The SDL says of every field what it asks for, and that is what is enforced."""

from __future__ import annotations

from typing import Final

from graphql import (
    DirectiveNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    StringValueNode,
    parse,
)

from cli.schema import COMMITTED
from schema.build import build_schema
from schema.declarations import Declarations

_WITH_FIELDS: Final = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode, InputObjectTypeDefinitionNode)


def required(field: FieldDefinitionNode | InputValueDefinitionNode) -> str | None:
    """The permission that a field's directive names."""
    directive: DirectiveNode
    for directive in field.directives or ():
        if directive.name.value == "requires":
            (argument,) = directive.arguments or ()
            assert isinstance(argument.value, StringValueNode)
            return argument.value.value
    return None


def test_every_field_is_printed_with_the_permission_that_is_enforced() -> None:
    declarations = Declarations(build_schema()._schema)  # noqa: SLF001 - Strawberry has no public name for it
    seen = 0
    for definition in parse(COMMITTED.read_text(encoding="utf-8")).definitions:
        if isinstance(definition, _WITH_FIELDS):
            for field in definition.fields or ():
                rule = declarations.field(definition.name.value, field.name.value)
                assert required(field) == str(rule.requires), f"{definition.name.value}.{field.name.value}"
                seen += 1
    assert seen > 200
