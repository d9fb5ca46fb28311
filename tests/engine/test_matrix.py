"""Acceptance 4: every field of every type, for everybody. Made from the schema: a new field is in it by being there.

Anonymous callers never come to the engine (``tests/server``); whoever has no grant at all stands for them here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest

from engine.decision import FieldState, _Decider
from engine.row import Row
from tests.oracle.matrix import COORDINATES, PATHS, check_field
from tests.oracle.personas import personas

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.selection import SelectedField
    from engine.shape import Shape
    from tests.oracle.comparison import Comparison
    from tests.oracle.tenant_rows import TenantRows


@pytest.mark.parametrize(("type_name", "field_name"), COORDINATES)
async def test_a_field_shows_what_it_must_to_everybody_and_no_more(
    type_name: str,
    field_name: str,
    comparison: Comparison,
    tailspin: TenantRows,
) -> None:
    for viewer in personas(comparison.rows).values():
        await check_field(comparison, viewer, type_name, field_name)
    stranger = replace(comparison, rows=tailspin)
    for name in ("owner", "analyst in the north"):
        await check_field(stranger, personas(tailspin)[name], type_name, field_name)


def test_the_matrix_is_of_every_type_that_a_query_can_come_to() -> None:
    assert {"Company", "CompanyFinancials", "RoleAssignment", "OnboardingCase", "PageInfo"} <= set(PATHS.shortest)
    assert len(COORDINATES) > 100


# Controls: with a bug planted, the matrix has to fail.
PLANTED: Final = {
    "denied is allowed": {FieldState.DENIED: FieldState.ALLOWED},
    "in some units is everywhere": {FieldState.MASKED: FieldState.ALLOWED},
    "denied is decided by the row": {FieldState.DENIED: FieldState.MASKED},
}


async def check_some(comparison: Comparison) -> None:
    for name in ("analyst", "auditor in the south", "mixed"):
        await check_field(comparison, personas(comparison.rows)[name], "Company", "taxId")


@pytest.fixture
def unplanned(unused_engine: Engine, comparison: Comparison) -> Comparison:
    """With an engine that remembers nothing yet."""
    return replace(comparison, engine=unused_engine)


@pytest.mark.parametrize("bug", PLANTED)
async def test_a_planted_bug_in_the_decision_is_found_by_the_matrix(bug: str, unplanned: Comparison) -> None:
    decide = _Decider._state  # noqa: SLF001 - where the bug is planted
    changed = PLANTED[bug]

    def wrong(*arguments: Any) -> FieldState:  # noqa: ANN401 - passed on as they come
        state = decide(*arguments)
        return changed.get(state, state)

    with patch.object(_Decider, "_state", wrong), pytest.raises(AssertionError):
        await check_some(unplanned)


async def test_a_column_that_is_fetched_and_thrown_away_is_found_by_the_matrix(unplanned: Comparison) -> None:
    value = Row._value  # noqa: SLF001 - where the bug is planted

    def fetching(row: Row, selected: SelectedField, *arguments: Any) -> Shape:  # noqa: ANN401 - passed on as they come
        if selected.name == "taxId":
            row.select(row.column("tax_id"))
        return value(row, selected, *arguments)

    with patch.object(Row, "_value", fetching), pytest.raises(AssertionError):
        await check_some(unplanned)


async def test_without_a_planted_bug_the_same_check_passes(unplanned: Comparison) -> None:
    await check_some(unplanned)
