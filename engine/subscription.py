"""What a subscription waits for, and whether its caller may wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.decision import FieldState
from engine.denials import denials
from engine.result import Result, Stage
from errors import ErrorCode, error
from resolvers.global_ids import decode
from schema.rules import FromChange
from tenancy.changes import Topic

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.inputs import Inputs
    from engine.operation import DecidedOperation
    from schema.declarations import Declarations


def refused(decided: DecidedOperation) -> Result | None:
    """The refusal of a subscription to something that the caller may not read anywhere."""
    fields = decided.operation.selection.root.fields
    if any(decided.decision.fields[field.index] is FieldState.DENIED for field in fields):
        counts = [0] * len(decided.operation.selection.fields)
        errors = denials(decided.deniable, counts)
        return Result(None, tuple(each for _, each in errors), Stage.DECISION)
    return None


def topic(declarations: Declarations, decided: DecidedOperation, inputs: Inputs, viewer: Viewer) -> Topic | Result:
    """The topic, made of the viewer's tenant and of what the field declares; a refusal where there is not one field."""
    fields = decided.operation.selection.root.fields
    rule = fields[0].rule if len(fields) == 1 else None
    if rule is None or not isinstance(rule.origin, FromChange):
        message = "A subscription selects one field, and that under no condition."
        return Result(None, (error(message, ErrorCode.GRAPHQL_VALIDATION_FAILED),), Stage.VALIDATION)
    type_name = declarations.type_name(rule.origin.model)
    given = inputs.arguments.get(fields[0].index, {}).get(rule.origin.argument)
    if given is None:
        return Topic(viewer.tenant.schema, type_name, None)
    # An id of something else is, as everywhere, one that no row has.
    named = decode(given)
    is_ours = named is not None and named.type_name == type_name
    return Topic(viewer.tenant.schema, type_name, frozenset({named.key} if named is not None and is_ours else ()))
