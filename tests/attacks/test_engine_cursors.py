"""Row G17: a cursor is opaque, unchangeable, and good only where it was given out."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from tests.oracle.asking import ask
from tests.oracle.personas import personas

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.engine import Engine
    from tests.oracle.tenant_rows import TenantRows

BY_NAME: Final = """query($after: String) {
    companies(first: 2, after: $after, orderBy: {field: NAME, direction: ASC}) {
        edges { cursor node { id name } }
        pageInfo { endCursor }
    }
}"""


@pytest.fixture
def owner(northwind: TenantRows) -> Viewer:
    return personas(northwind)["owner"]


async def given(engine: Engine, viewer: Viewer, document: str = BY_NAME) -> str:
    asked = await ask(engine, viewer, document)
    (connection,) = asked.data.values()
    cursor: str = connection["pageInfo"]["endCursor"]
    return cursor


async def assert_refused(engine: Engine, viewer: Viewer, document: str, cursor: object) -> None:
    asked = await ask(engine, viewer, document, {"after": cursor})
    assert (asked.data, asked.codes, asked.statements) == (None, ["BAD_USER_INPUT"], [])


async def test_g17_a_cursor_continues_the_page_that_it_was_given_out_for(engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, BY_NAME, {"after": await given(engine, owner)})
    assert asked.errors == ()
    assert len(asked.data["companies"]["edges"]) == 2


async def test_g17_a_cursor_shows_nothing_of_its_row(engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, BY_NAME.replace("first: 2", "first: 50"))
    long = [edge for edge in asked.data["companies"]["edges"] if len(edge["node"]["name"]) > 3]
    assert long
    for edge in long:
        sealed = urlsafe_b64decode(edge["cursor"] + "==")
        assert edge["node"]["name"].encode() not in sealed


async def test_g17_a_cursor_with_any_byte_changed_is_refused(engine: Engine, owner: Viewer) -> None:
    cursor = await given(engine, owner)
    sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        await assert_refused(engine, owner, BY_NAME, urlsafe_b64encode(changed).rstrip(b"=").decode())


@pytest.mark.parametrize(
    "change",
    [
        lambda cursor: cursor + "=",
        lambda cursor: cursor + "A",
        lambda cursor: cursor[:-1],
        lambda cursor: "!" + cursor,
        lambda cursor: cursor[:8] + "\n" + cursor[8:],
        lambda cursor: cursor[:8] + " " + cursor[8:],
        lambda cursor: cursor.replace("_", "/").replace("-", "+") + "=",
        lambda cursor: cursor * 2,
        lambda _: "",
        lambda _: "A" * 22,
        lambda _: "x" * 100_000,
        lambda _: "' OR 1=1 --",
        lambda _: "W251bGwsIjAxOTAiXQ",
        lambda _: "\u2028",
        lambda _: "\x00",
    ],
)
async def test_g17_a_cursor_has_one_spelling(change: object, engine: Engine, owner: Viewer) -> None:
    assert callable(change)
    await assert_refused(engine, owner, BY_NAME, change(await given(engine, owner)))


async def test_g17_bits_that_base64_leaves_over_make_no_second_cursor(engine: Engine, owner: Viewer) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    cursor = await given(engine, owner)
    for last in alphabet.replace(cursor[-1], ""):
        await assert_refused(engine, owner, BY_NAME, cursor[:-1] + last)


OTHER_PLACES: Final = {
    "direction": BY_NAME.replace("ASC", "DESC"),
    "order": BY_NAME.replace("NAME", "STATUS"),
    "no order": BY_NAME.replace(", orderBy: {field: NAME, direction: ASC}", ""),
    "field": "query($after: String) { members(first: 2, after: $after) { nodes { id } } }",
    "nested field": """query($after: String) {
        orgUnits(first: 1) { nodes { companies(first: 2, after: $after) { nodes { id } } } }
    }""",
}


@pytest.mark.parametrize("place", OTHER_PLACES)
async def test_g17_a_cursor_of_another_order_or_field_is_refused(place: str, engine: Engine, owner: Viewer) -> None:
    await assert_refused(engine, owner, OTHER_PLACES[place], await given(engine, owner))


async def test_g17_a_cursor_of_another_tenant_is_refused(engine: Engine, owner: Viewer, tailspin: TenantRows) -> None:
    stranger = replace(personas(tailspin)["owner"], member_id=owner.member_id)
    await assert_refused(engine, owner, BY_NAME, await given(engine, stranger))
    await assert_refused(engine, stranger, BY_NAME, await given(engine, owner))


async def test_g17_a_cursor_of_another_member_is_refused(engine: Engine, owner: Viewer) -> None:
    await assert_refused(engine, replace(owner, member_id=uuid4()), BY_NAME, await given(engine, owner))


async def test_g17_a_cursor_outlives_neither_the_permission_to_sort_nor_the_rows(
    engine: Engine, northwind: TenantRows
) -> None:
    by_credit = BY_NAME.replace("NAME", "CREDIT_LIMIT")
    cursor = await given(engine, personas(northwind)["owner"], by_credit)
    asked = await ask(engine, personas(northwind)["analyst"], by_credit, {"after": cursor})
    assert (asked.data, asked.codes, asked.statements) == (None, ["FORBIDDEN"], [])
