"""The page as a person meets it: sign in, ask, see what one may see and nothing else. In Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg
import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.acceptance.demo import Demo

_A_PAGE_WITH_AN_EDITOR_TAKES: Final = 30_000


@pytest.fixture
async def page(demo: Demo, browser: Browser) -> AsyncIterator[Page]:
    """A page of a new person; the test fails when it asks another origin for anything."""
    elsewhere: list[str] = []
    context = await browser.new_context(base_url=demo.url, viewport={"width": 1360, "height": 850})
    opened = await context.new_page()
    opened.set_default_timeout(_A_PAGE_WITH_AN_EDITOR_TAKES)
    opened.on(
        "request",
        lambda request: elsewhere.append(request.url) if not request.url.startswith((demo.url, "data:")) else None,
    )
    yield opened
    await context.close()
    assert elsewhere == []


async def sign_in(page: Page, person: str) -> None:
    await page.goto("/graphql")
    await page.get_by_label("Your work e-mail or organisation").fill("acme")
    await page.keyboard.press("Enter")
    await page.get_by_text(f"{person}@acme.example").click()
    await page.wait_for_url("**/graphql")


async def run_first_query(page: Page) -> str:
    # The button is there before the editor has its text; pressed then, it runs nothing.
    editor = page.locator(".graphiql-query-editor .view-lines")
    await expect(editor).to_contain_text("companies", timeout=_A_PAGE_WITH_AN_EDITOR_TAKES)
    await page.locator("button.graphiql-execute-button").click()
    result = page.locator(".result-window .view-lines")
    await expect(result).to_contain_text("companies", timeout=_A_PAGE_WITH_AN_EDITOR_TAKES)
    # The editor shows spaces as non-breaking ones.
    return (await result.inner_text()).replace("\xa0", " ")


async def found_in_documentation(page: Page) -> str:
    await page.get_by_label("Show Documentation Explorer").click()
    await page.get_by_role("link", name="Query").first.click()
    await page.locator(".graphiql-doc-explorer").get_by_role("link", name="Company", exact=True).first.click()
    explorer = page.locator(".graphiql-doc-explorer-content")
    await expect(explorer).to_contain_text("legalName", timeout=_A_PAGE_WITH_AN_EDITOR_TAKES)
    return await explorer.inner_text()


async def test_an_analyst_gets_null_and_one_error_and_finds_no_tax_id_in_the_documentation(page: Page) -> None:
    await sign_in(page, "analyst")
    seen = await run_first_query(page)
    assert '"taxId": null' in seen
    assert seen.count("FORBIDDEN") == 1
    assert "taxId" not in await found_in_documentation(page)


async def test_an_owner_sees_tax_ids_and_finds_them_in_the_documentation(page: Page) -> None:
    await sign_in(page, "owner")
    seen = await run_first_query(page)
    assert '"taxId": "' in seen
    assert "FORBIDDEN" not in seen
    assert "taxId" in await found_in_documentation(page)


async def test_signing_out_ends_it(page: Page) -> None:
    await sign_in(page, "owner")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_text("You are signed out").wait_for()
    await page.goto("/graphql")
    await page.get_by_label("Your work e-mail or organisation").wait_for()


async def ask(page: Page, document: str, expected: str) -> None:
    """Put a document in the place of what the editor holds, and run it until the answer has something in it."""
    editor = page.locator(".graphiql-query-editor .view-lines")
    await expect(editor).to_contain_text("{", timeout=_A_PAGE_WITH_AN_EDITOR_TAKES)
    await editor.click()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.insert_text(document)
    await page.locator("button.graphiql-execute-button").click()
    await expect(page.locator(".result-window .view-lines")).to_contain_text(
        expected, timeout=_A_PAGE_WITH_AN_EDITOR_TAKES
    )


async def test_who_signed_in_too_long_ago_is_told_and_signs_in_again(demo: Demo, page: Page) -> None:
    # Named as the query before it, whose name the editor goes on sending for a moment.
    document = 'mutation FirstCompanies { personalAccessTokenCreate(input: { name: "x", days: 1 }) { token } }'
    await sign_in(page, "owner")
    # An hour goes by: the session is as old, and what it gets from now on says so.
    connection = await asyncpg.connect(demo.environment["FIELDGATE_DATABASE_URL"])
    await connection.execute("UPDATE fieldgate.session SET authenticated_at = now() - interval '1 hour'")
    await connection.close()
    await page.context.clear_cookies(name="fieldgate-access")
    await ask(page, document, "sign_in_too_old")
    await page.get_by_role("button", name="Sign in again to do this").click()
    await page.get_by_text("owner@acme.example").click()
    await page.wait_for_url("**/graphql")
    await ask(page, document, "fieldgate_pat_")
