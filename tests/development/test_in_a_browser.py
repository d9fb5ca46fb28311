"""Signing in and out as a person does it, in Chromium, without a mouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright

from tests.development.machine import SLUG, running_machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, ConsoleMessage, Page, Request

    from settings import Settings
    from tenancy.database import Database
    from tests.development.machine import Machine

CHROMIUM = os.environ.get("FIELDGATE_TEST_CHROMIUM")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="FIELDGATE_TEST_CHROMIUM is not set")


@pytest.fixture(scope="module")
async def machine(settings: Settings, database: Database) -> AsyncIterator[Machine]:
    async with running_machine(settings, database) as running:
        yield running


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # Chromium refuses its sandbox to root, who runs the tests in containers.
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield launched
        await launched.close()


@pytest.fixture
async def page(machine: Machine, browser: Browser) -> AsyncIterator[Page]:
    """A page that fails the test when it asks another origin for anything, or complains about anything."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A refused request, which some of these pages are about, is told here as well.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith(machine.settings.public_url):
            complaints.append(request.url)

    context = await browser.new_context(base_url=machine.settings.public_url)
    opened = await context.new_page()
    opened.on("console", hear)
    opened.on("request", see)
    yield opened
    await context.close()
    assert complaints == []


async def sign_in(page: Page) -> None:
    await page.goto("/auth/login?next=/auth/session")
    await page.locator("#tenant:focus").wait_for()
    await page.keyboard.type(SLUG)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/authorize?*")
    await page.locator("button:focus", has_text="analyst@").wait_for()
    await page.keyboard.press("Tab")
    await page.locator("button:focus", has_text="owner@").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/auth/session")


async def test_a_person_signs_in_and_out_with_the_keyboard_alone(page: Page, machine: Machine) -> None:
    await sign_in(page)
    assert f"owner@{SLUG}.example" in await page.inner_text("body")
    cookies = await page.context.cookies()
    assert {(cookie["name"], cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies} == {
        ("fieldgate-access", True, "Lax"),
        ("fieldgate-refresh", True, "Lax"),
    }
    assert await page.evaluate("document.cookie") == ""

    await page.goto("/auth/logout")
    await page.locator("button:focus").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=You are signed out")
    assert await page.context.cookies() == []
    assert page.url == f"{machine.settings.public_url}/auth/logout"


async def open_page_with_scripts(page: Page) -> None:
    """A page of our origin that may ask our origin; those of this module run no script."""
    await page.route("**/a-page", lambda route: route.fulfill(body="<title>A page</title>", content_type="text/html"))
    await page.goto("/a-page")


async def test_a_script_of_our_own_page_can_refresh_and_sees_no_token(page: Page) -> None:
    await sign_in(page)
    await open_page_with_scripts(page)
    before = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}
    answer = await page.evaluate("fetch('/auth/token', {method: 'POST'}).then(r => r.text())")
    after = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}
    assert "expires_in" in answer
    assert not set(before.values()) & set(after.values())
    assert not any(value in answer for value in after.values())


async def test_two_tabs_that_refresh_at_once_stay_signed_in(page: Page) -> None:
    await sign_in(page)
    await open_page_with_scripts(page)
    tabs = "Promise.all([1, 2, 3, 4].map(() => fetch('/auth/token', {method: 'POST'}).then(r => r.status)))"
    for _ in range(3):
        assert await page.evaluate(tabs) == [200] * 4
    assert await page.evaluate("fetch('/auth/session').then(r => r.status)") == 200


async def test_a_sign_in_that_does_not_work_says_so_with_a_reference(page: Page) -> None:
    response = await page.goto("/auth/login?tenant=unknown")
    assert response is not None
    assert response.status == 400
    assert response.headers["x-request-id"] in await page.inner_text("main")
    await page.get_by_role("link", name="Try again").click()
    await page.get_by_label("Your work e-mail or organisation").wait_for()
