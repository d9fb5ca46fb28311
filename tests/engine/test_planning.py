"""Plans that were wrong once, and the shapes in which they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from auth.grants import Grants
from auth.permissions import Permission
from engine.request import Request
from tenancy.connection import connect
from tests.oracle.asking import ask
from tests.oracle.personas import viewer_of

if TYPE_CHECKING:
    from engine.engine import Engine
    from settings import Settings
    from tests.oracle.comparison import Comparison
    from tests.oracle.tenant_rows import TenantRows


async def test_a_new_connection_reads_lists_in_rows_in_rows_with_its_first_statement(settings: Settings) -> None:
    """``company { parent { contacts } }`` is such a statement. It failed where no other list had been read before."""
    assert settings.database_url is not None
    connection = await connect(settings.database_url.get_secret_value())
    try:
        (row,) = await connection.fetch("SELECT ROW(ROW(ARRAY(SELECT ROW(1)), 2))")
    finally:
        await connection.close()
    assert row[0][0][0][0][0] == 1


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_go_on_behind_the_first_and_the_last_day_that_there_is(
    direction: str, comparison: Comparison, northwind: TenantRows
) -> None:
    """PostgreSQL's driver writes these two days as minus and plus infinity."""
    owner = viewer_of(northwind, Grants(frozenset(Permission), {}))
    document = f"""query($after: String) {{
        companies(first: 100, after: $after, orderBy: {{field: LISTED_ON, direction: {direction}}}) {{
            edges {{ cursor node {{ listedOn }} }}
        }}
    }}"""
    every = await comparison.agreed(Request(document, "every"), owner)
    assert every.data is not None
    edges = orjson.loads(every.data)["companies"]["edges"]
    extremes = [edge["cursor"] for edge in edges if edge["node"]["listedOn"] in {"0001-01-01", "9999-12-31"}]
    assert len(extremes) > 1
    for cursor in extremes:
        await comparison.agreed(Request(document, "rest", variables={"after": cursor}), owner)


async def test_rows_that_belong_where_the_row_above_does_do_not_look_their_unit_up(
    engine: Engine, northwind: TenantRows
) -> None:
    """Each contact of each company asked for its company's unit again: more than half of PostgreSQL's time."""
    somewhere = frozenset({northwind.named_unit("North")})
    regional = viewer_of(northwind, Grants(frozenset(), dict.fromkeys(Permission, somewhere)))
    document = "{ companies(first: 2) { nodes { name contacts(first: 2) { nodes { fullName } } } } }"
    asked = await ask(engine, regional, document)
    assert asked.errors == ()
    assert sum(text.count('"company" ') for text in asked.statements) == 1
