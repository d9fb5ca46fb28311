"""Row G30: the rule of a field holds by whichever edge, interface or id its object is come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.request import Request
from tests.oracle.matrix import DECLARATIONS, PATHS, guarded_fields, hidden_values
from tests.oracle.personas import personas
from tests.oracle.reading import encode

if TYPE_CHECKING:
    from tests.oracle.comparison import Comparison


@pytest.mark.parametrize(("type_name", "field_name"), [*guarded_fields()])
async def test_g30_a_field_is_guarded_on_every_way_to_its_object(
    type_name: str, field_name: str, comparison: Comparison
) -> None:
    rows, holder = comparison.rows, DECLARATIONS.row_type(type_name)
    assert holder is not None
    ids = [encode(type_name, row) for row in rows.tables[holder.model]][:100]
    by_id = {
        "Query.nodes": f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on {type_name} {{ % }} }} }}",
        "Query.node": f'{{ node(id: "{ids[0]}") {{ ... on Node {{ ...F }} }} }} fragment F on {type_name} {{ % }}',
    }
    ways = PATHS.ways(type_name) | by_id
    assert len(ways) >= 4
    for name in ("owner", "analyst in the north", "mixed", "auditor in the south"):
        viewer = personas(rows)[name]
        for document in ways.values():
            selected = document.replace("%", PATHS.selecting(type_name, field_name))
            variables = {"ids": ids} if "$ids" in document else {}
            answer = await comparison.agreed(Request(selected, "ways", variables=variables), viewer)
            for value in hidden_values(rows, viewer, type_name, field_name):
                assert value not in (answer.data or b"")
