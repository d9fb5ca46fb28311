"""A mutation that is all of a request and one statement: what about it is the same for all who change the same columns.

Its payload is what the statement returns, what the decision denies, and lists that are empty when nothing went wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from graphql import GraphQLList, GraphQLObjectType, get_nullable_type

from engine.decision import FieldState
from engine.parameters import NewValue, SourceValue, Values
from engine.update import plan_update
from schema.rules import FromAttribute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from auth.viewer import Viewer
    from engine.assembly import Assembling
    from engine.inputs import Inputs
    from engine.operation import DecidedOperation
    from engine.plan import Plan
    from engine.selection import SelectedField
    from resolvers.at_once import Update
    from schema.declarations import Declarations


@dataclass(frozen=True, slots=True)
class UpdateAtOnce:
    """How one mutation changes some columns in one statement, and answers.

    Attributes:
        plan: the statement; it has none where that, or the payload, takes more than one.
        is_settled: whether one way to run it is the best whatever the parameters.
        conditions: gives the parameters that come behind the new values; ``None`` where they are of other kinds.
        payload: what of the payload is the same each time.
        read: the key and the index of each field of the payload that the statement reads.
        denied: the indices of the fields of the payload that are denied.
        empty: the attributes of the answer that the payload has as empty lists.
    """

    plan: Plan
    is_settled: bool
    conditions: Callable[[Update], tuple[object, ...]] | None
    payload: Mapping[str, object]
    read: Sequence[tuple[str, int]]
    denied: Sequence[int]
    empty: Sequence[str]

    def answers(self, update: Update) -> bool:
        """Whether the payload is all that there is to say once the row is changed."""
        return self.plan.statement is not None and all(getattr(update.answer, name) == [] for name in self.empty)

    def arguments(self, update: Update, inputs: Inputs, viewer: Viewer) -> Sequence[object]:
        """The statement's parameters."""
        if self.conditions is not None:
            return (*update.columns.values(), *self.conditions(update))
        values = Values(inputs, viewer, update)
        return [parameter.value(values) for parameter in self.plan.parameters]

    def completed(self, rows: Sequence[Sequence[object]], assembling: Assembling) -> dict[str, object]:
        """The payload, once the row is changed; what it lacks is counted."""
        values: Any = self.plan.assemble(rows, assembling)
        payload = dict(self.payload)
        for key, index in self.read:
            payload[key] = values[index]
        for index in self.denied:
            assembling.denied[index] += 1
        return payload


def update_at_once(
    declarations: Declarations, decided: DecidedOperation, inputs: Inputs, field: SelectedField, update: Update
) -> UpdateAtOnce:
    """What is settled about an update that was described, made when it is first asked for."""
    key = (field.index, update.shape)
    known = decided.updates.get(key)
    if known is None:
        known = _settled(declarations, decided, inputs, field, update)
        decided.updates.set(key, known)
    return known


def _settled(
    declarations: Declarations, decided: DecidedOperation, inputs: Inputs, field: SelectedField, update: Update
) -> UpdateAtOnce:
    plan = plan_update(declarations, field, decided.operation.readings, decided.decision, inputs, update)
    payload: dict[str, object] = {}
    read, denied, empty = [], [], []
    is_possible = isinstance(get_nullable_type(field.definition.type), GraphQLObjectType)
    for each in field.child.fields:
        payload[each.key] = None
        if each.rule is None:
            payload[each.key] = field.child.type_name
        elif decided.decision.fields[each.index] is FieldState.DENIED:
            denied.append(each.index)
        elif each.is_read:
            read.append((each.key, each.index))
        elif isinstance(each.rule.origin, FromAttribute) and _is_list(each):
            payload[each.key] = ()
            empty.append(each.rule.origin.name)
        else:
            is_possible = False
    if not is_possible:
        plan = replace(plan, statement=None)
    return UpdateAtOnce(plan, plan.is_settled, _conditions(plan, update), payload, read, denied, empty)


def _is_list(field: SelectedField) -> bool:
    return isinstance(get_nullable_type(field.definition.type), GraphQLList)


def _conditions(plan: Plan, update: Update) -> Callable[[Update], tuple[object, ...]] | None:
    """Gives the parameters behind the new values, if those come first and all others are attributes of the update."""
    number = len(update.columns)
    new, others = plan.parameters[:number], plan.parameters[number:]
    attributes = [each.attribute for each in others if isinstance(each, SourceValue)]
    # Of a single one an ``attrgetter`` gives no tuple.
    if new != tuple(map(NewValue, update.columns)) or not 1 < len(attributes) == len(others):
        return None
    conditions: Callable[[Update], tuple[object, ...]] = attrgetter(*attributes)
    return conditions
