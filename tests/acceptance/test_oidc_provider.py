"""Two tenants with a provider each, made of the npm package ``oidc-provider``, from sign-in to logout."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import pytest

from auth.cookies import Cookie
from tests.acceptance.visitor import Visitor

if TYPE_CHECKING:
    from tests.acceptance.connection import Connection
    from tests.server.gateway import Gateway

# Providers are connected by commands, one after the other, before the first test.
pytestmark = pytest.mark.timeout(400)

WITHIN_SECONDS: Final = 5


async def until_signed_out(visitor: Visitor) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while await visitor.is_signed_in():  # noqa: ASYNC110 - a browser asks, and nobody tells it
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [0, 1])
async def test_somebody_of_both_tenants_is_at_each_the_member_whom_its_own_provider_knows(
    oidc_gateway: Gateway, oidc_connections: list[Connection], number: int
) -> None:
    here = oidc_connections[number]
    async with Visitor(oidc_gateway.url, "ada") as ada:
        page = await ada.sign_in(here)
        assert page.status_code == 200, page.text
        assert page.json()["tenant"] == {"id": str(here.placement.tenant_id), "slug": here.placement.slug}
        assert page.json()["member"]["id"] == str(here.members["ada"])
        answer = await ada.client.post(
            "/graphql", json={"query": "{viewer{member{email}}}"}, headers={"origin": oidc_gateway.url}
        )
    assert here.members["ada"] != oidc_connections[1 - number].members["ada"]
    assert answer.json() == {"data": {"viewer": {"member": {"email": "ada@both.example"}}}}


async def test_signing_in_elsewhere_takes_the_place_of_the_session_in_the_same_browser(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    one, other = oidc_connections
    async with Visitor(oidc_gateway.url, "ada") as ada, Visitor(oidc_gateway.url, "ada") as copy:
        await ada.sign_in(one)
        copy.client.cookies.update(ada.client.cookies)
        assert await copy.is_signed_in()
        page = await ada.sign_in(other)
        assert page.json()["member"]["id"] == str(other.members["ada"])
        await until_signed_out(copy)
        assert await ada.is_signed_in()


async def test_somebody_of_one_tenant_is_nobody_at_the_other(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    async with Visitor(oidc_gateway.url, "bob1") as bob:
        page = await bob.sign_in(oidc_connections[0])
        assert (page.status_code, "Sign-in did not work" in page.text) == (400, True)
        assert bob.cookies == {}
        page = await bob.sign_in(oidc_connections[1])
        assert page.json()["member"]["id"] == str(oidc_connections[1].members["bob1"])
    assert "no_such_member" in {line.get("reason") for line in oidc_gateway.logged()}


async def test_a_refresh_token_is_good_once_and_a_copy_of_an_old_one_ends_the_session(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    async with Visitor(oidc_gateway.url, "ada") as ada, Visitor(oidc_gateway.url, "ada") as thief:
        await ada.sign_in(oidc_connections[0])
        thief.client.cookies.update(ada.client.cookies)
        seen = {ada.cookies[Cookie.REFRESH]}
        for _ in range(2):
            assert (await ada.post("/auth/token")).status_code == 200
            seen.add(ada.cookies[Cookie.REFRESH])
        assert len(seen) == 3
        assert (await thief.post("/auth/token")).status_code == 400
        assert (await ada.post("/auth/token")).status_code == 400
        await until_signed_out(ada)


async def test_signing_out_here_signs_out_there(oidc_gateway: Gateway, oidc_connections: list[Connection]) -> None:
    async with Visitor(oidc_gateway.url, "ada") as ada:
        await ada.sign_in(oidc_connections[0])
        page = await ada.client.get(f"/auth/login?tenant={oidc_connections[0].placement.slug}&next=/auth/session")
        assert page.status_code == 200, "the provider remembers who it was"
        page = await ada.post("/auth/logout")
        assert str(page.url).startswith(oidc_connections[0].issuer)
        page = await ada.submit(page, logout="yes")
        assert (str(page.url), "You are signed out" in page.text) == (f"{oidc_gateway.url}/auth/logout", True)
        assert ada.cookies == {}
        page = await ada.client.get(f"/auth/login?tenant={oidc_connections[0].placement.slug}")
        assert str(page.url).startswith(oidc_connections[0].issuer), "it asks again"


async def test_signing_out_there_ends_this_persons_session_here_and_no_others(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    one, other = oidc_connections
    async with contextlib.AsyncExitStack() as browsers:
        leaving, elsewhere, ada_at_the_other, bob = [
            await browsers.enter_async_context(Visitor(oidc_gateway.url, name))
            for name in ("ada", "ada", "ada", "bob0")
        ]
        for visitor, tenant in ((leaving, one), (elsewhere, one), (ada_at_the_other, other), (bob, one)):
            assert (await visitor.sign_in(tenant)).status_code == 200
        page = await leaving.client.get(f"{one.issuer}/session/end")
        await leaving.submit(page, logout="yes")
        await until_signed_out(leaving)
        assert (await leaving.post("/auth/token")).status_code == 400
        for visitor in (elsewhere, ada_at_the_other, bob):
            assert await visitor.is_signed_in()


async def test_a_provider_with_new_keys_is_believed_and_those_who_are_signed_in_stay(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    tenant = oidc_connections[1]
    async with Visitor(oidc_gateway.url, "ada") as before, Visitor(oidc_gateway.url, "ada") as after:
        await before.sign_in(tenant)
        await tenant.stop()
        await tenant.start()
        page = await after.sign_in(tenant)
        assert page.status_code == 200, page.text
        assert await before.is_signed_in()


async def test_who_turns_back_at_the_provider_is_told_that_it_did_not_work(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    async with Visitor(oidc_gateway.url, "ada") as ada:
        page = await ada.client.get(f"/auth/login?tenant={oidc_connections[0].placement.slug}")
        page = await ada.client.get(f"{page.url}/abort")
        assert (page.status_code, "Sign-in did not work" in page.text) == (400, True)
        assert ada.cookies == {}
    assert "provider_reported_an_error" in {line.get("reason") for line in oidc_gateway.logged()}
