"""A person at Chromium, two tenants, and the pages of a provider of each that is not ours."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.acceptance.connection import Connection
    from tests.server.gateway import Gateway


# Providers are connected by commands, one after the other, before the first test.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
async def page(oidc_gateway: Gateway, browser: Browser) -> AsyncIterator[Page]:
    """A page of a new person at a telephone."""
    context = await browser.new_context(base_url=oidc_gateway.url, viewport={"width": 390, "height": 844})
    opened = await context.new_page()
    yield opened
    await context.close()


async def ask(page: Page, tenant: Connection) -> None:
    """By keyboard alone, from the question where one belongs to."""
    await page.goto("/auth/login?next=/auth/session")
    await expect(page.get_by_label("Your work e-mail or organisation")).to_be_focused()
    await page.keyboard.type(tenant.placement.slug)
    await page.keyboard.press("Enter")


async def answer(page: Page, tenant: Connection, login: str) -> None:
    """At the provider's own pages."""
    await page.wait_for_url(f"{tenant.issuer}/interaction/**")
    await page.get_by_placeholder("Enter any login").fill(login)
    await page.get_by_placeholder("and password").fill("any")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Continue").click()


async def session(page: Page) -> dict[str, dict[str, str]]:
    await page.wait_for_url("**/auth/session")
    shown: dict[str, dict[str, str]] = json.loads(await page.locator("body").inner_text())
    return shown


async def test_a_person_signs_in_at_one_and_at_the_other_and_out_again(
    page: Page, oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    one, other = oidc_connections
    await ask(page, one)
    await answer(page, one, "ada")
    shown = await session(page)
    assert shown["tenant"]["slug"] == one.placement.slug
    assert shown["member"]["id"] == str(one.members["ada"])
    # Whoever is signed in is not asked again where they belong to, unless they name another organisation.
    await page.goto(f"/auth/login?tenant={other.placement.slug}&next=/auth/session")
    await answer(page, other, "ada")
    shown = await session(page)
    assert shown["tenant"]["slug"] == other.placement.slug
    assert shown["member"]["id"] == str(other.members["ada"])
    await page.goto("/auth/logout")
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(re.compile(re.escape(other.issuer) + ".*"))
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.get_by_text("You are signed out").wait_for()
    assert page.url == f"{oidc_gateway.url}/auth/logout"
    assert await page.context.cookies(oidc_gateway.url) == []


async def test_who_is_no_member_is_told_so_and_may_try_again(page: Page, oidc_connections: list[Connection]) -> None:
    await ask(page, oidc_connections[0])
    await answer(page, oidc_connections[0], "bob1")
    await page.get_by_role("heading", name="Sign-in did not work").wait_for()
    await page.get_by_role("link", name="Try again").click()
    await page.get_by_label("Your work e-mail or organisation").wait_for()
