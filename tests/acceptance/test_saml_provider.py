"""Two tenants with providers made of the npm package ``samlp``: whatever is signed, in Chromium over https too."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from models.shared import SigningPolicy
from tests.acceptance import npm
from tests.acceptance.saml_connection import FOLDER, saml_connection
from tests.acceptance.visitor import Visitor
from tests.server.gateway import running_gateway
from tests.server.tls import https_front

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from playwright.async_api import Browser, Page

    from settings import Settings
    from tenancy.database import Database
    from tests.acceptance.connection import Connection
    from tests.server.gateway import Gateway

PEOPLE: Final = {name: f"{name}@both.example" for name in ("ada", "bob", "carol", "dan")}

# By name: the tenant, what is signed, whether it is encrypted, and who is a member there and signs in by it.
KINDS: Final = {
    "response": (0, SigningPolicy.RESPONSE, False, ("ada", "bob")),
    "both": (0, SigningPolicy.BOTH, False, ("dan",)),
    "assertion": (1, SigningPolicy.ASSERTION, False, ("ada",)),
    "encrypted": (1, SigningPolicy.BOTH, True, ("carol",)),
}


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    await npm.install(FOLDER)
    folder = tmp_path_factory.mktemp("gateway")
    async with (
        https_front(folder) as front,
        running_gateway(settings, database, folder, FIELDGATE_PUBLIC_URL=front.url) as running,
    ):
        front.behind = int(running.url.rpartition(":")[2])
        yield replace(running, url=front.url)


@pytest.fixture(scope="module")
async def connections(gateway: Gateway) -> AsyncIterator[Mapping[str, Connection]]:
    async with contextlib.AsyncExitStack() as opened:
        yield {
            name: await opened.enter_async_context(
                saml_connection(gateway, number, PEOPLE, members, signed=signed, encrypted=encrypted)
            )
            for name, (number, signed, encrypted, members) in KINDS.items()
        }


@pytest.mark.parametrize("kind", KINDS)
async def test_a_person_signs_in_and_is_the_member_whom_the_provider_knows(
    gateway: Gateway, connections: Mapping[str, Connection], kind: str
) -> None:
    connection = connections[kind]
    name = next(iter(connection.members))
    async with Visitor(gateway.url, name) as visitor:
        for _ in range(2):
            page = await visitor.sign_in(connection)
            assert page.status_code == 200, page.text
            assert page.json()["tenant"]["slug"] == connection.placement.slug
            assert page.json()["member"]["id"] == str(connection.members[name])


async def test_somebody_of_both_tenants_is_at_each_whom_its_own_provider_knows_and_a_stranger_is_nobody(
    gateway: Gateway, connections: Mapping[str, Connection]
) -> None:
    one, other = connections["response"], connections["assertion"]
    async with Visitor(gateway.url, "ada") as ada, Visitor(gateway.url, "bob") as bob:
        for connection in (one, other):
            page = await ada.sign_in(connection)
            assert page.json()["member"]["id"] == str(connection.members["ada"])
        page = await bob.sign_in(other)
        assert (page.status_code, "Sign-in did not work" in page.text) == (400, True)
        assert bob.cookies == {}
        assert (await bob.sign_in(one)).json()["member"]["id"] == str(one.members["bob"])
    assert one.members["ada"] != other.members["ada"]


@pytest.fixture
async def page(gateway: Gateway, browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=gateway.url, ignore_https_errors=True)
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("kind", ["response", "encrypted"])
async def test_a_person_at_chromium_comes_back_by_a_form_of_another_site(
    page: Page, connections: Mapping[str, Connection], kind: str
) -> None:
    connection = connections[kind]
    name = next(iter(connection.members))
    await page.goto(connection.sign_in_address)
    await page.wait_for_url(f"{connection.issuer}/sso**")
    await page.keyboard.type(name)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/auth/session")
    shown = json.loads(await page.locator("body").inner_text())
    assert shown["member"]["id"] == str(connection.members[name])
