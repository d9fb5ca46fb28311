"""Filters, orders and pages over HTTP, each tenant for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.auth.scim.conftest import SEARCH

if TYPE_CHECKING:
    from tests.auth.scim.conftest import Directory


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('userName eq "ADA@people.example"', ["Ada"]),
        ('emails[type eq "work" and value co "grace"]', ["Grace"]),
        ('displayName sw "A" or title eq "boss"', ["Ada", "Alan", "Grace"]),
        ("not (title pr)", ["Ada", "Alan"]),
        ('externalId eq "e-1"', ["Ada"]),
        ('externalId eq "E-1"', []),
        ("active eq false", ["Alan"]),
    ],
)
async def test_a_filter_finds_what_it_says(
    acme_directory: Directory, globex_directory: Directory, text: str, found: list[str]
) -> None:
    await acme_directory.user(userName="ada@people.example", displayName="Ada", externalId="e-1")
    await acme_directory.user(
        displayName="Grace", title="Boss", emails=[{"value": "grace@people.example", "type": "work"}]
    )
    await acme_directory.user(displayName="Alan", active=False)
    await globex_directory.user(userName="ada@people.example", displayName="Ada", externalId="e-1")
    answer = await acme_directory.ask("POST", SEARCH, {"filter": text, "sortBy": "displayName"})
    assert [user["displayName"] for user in answer.json().get("Resources", [])] == found
    assert answer.json()["totalResults"] == len(found)


@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_pages_by_index_and_by_cursor_show_everybody_once(acme_directory: Directory, order: str) -> None:
    names = [f"Name {number}" for number in range(5)]
    for name in names:
        await acme_directory.user(displayName=name)
    asked = {"sortBy": "displayName", "sortOrder": order, "count": 2}
    by_index: list[str] = []
    for start in (1, 3, 5):
        page = (await acme_directory.ask("POST", SEARCH, {**asked, "startIndex": start})).json()
        by_index += [user["displayName"] for user in page["Resources"]]
    by_cursor: list[str] = []
    cursor = ""
    while True:
        page = (await acme_directory.ask("POST", SEARCH, {**asked, "cursor": cursor})).json()
        by_cursor += [user["displayName"] for user in page["Resources"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            break
    assert by_index == by_cursor == (names if order == "ascending" else names[::-1])


async def test_discovery_says_what_we_do(acme_directory: Directory) -> None:
    told = (await acme_directory.ask("GET", "/ServiceProviderConfig")).json()
    assert all(told[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag"))
    types = (await acme_directory.ask("GET", "/ResourceTypes")).json()
    assert {kind["endpoint"] for kind in types["Resources"]} == {"/Users", "/Groups"}
    assert (await acme_directory.ask("GET", "/Schemas")).json()["totalResults"] >= 2


async def test_members_may_be_left_out(acme_directory: Directory) -> None:
    user = await acme_directory.user()
    group = await acme_directory.group(user["id"])
    path = f"/Groups/{group['id']}"
    assert "members" not in (await acme_directory.ask("GET", f"{path}?excludedAttributes=members")).json()
    assert (await acme_directory.ask("GET", path)).json()["members"][0]["value"] == user["id"]
    told = (await acme_directory.ask("GET", f"/Users/{user['id']}")).json()
    assert told["groups"][0]["value"] == group["id"]
