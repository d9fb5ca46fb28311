"""A recent sign-in at a provider of other people's making: it is asked to ask anew, and says when it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.acceptance.visitor import Visitor

if TYPE_CHECKING:
    import httpx2

    from tests.acceptance.connection import Connection
    from tests.server.gateway import Gateway

CREATE: Final = 'mutation { personalAccessTokenCreate(input: { name: "A script", days: 1 }) { token } }'


async def create(visitor: Visitor) -> httpx2.Response:
    return await visitor.client.post("/graphql", json={"query": CREATE}, headers={"origin": visitor.gateway})


async def test_what_takes_a_recent_sign_in_sends_to_the_provider_and_back(
    oidc_gateway: Gateway, oidc_connections: list[Connection]
) -> None:
    tenant = oidc_connections[0]
    async with Visitor(oidc_gateway.url, "ada") as ada:
        assert (await ada.sign_in(tenant)).status_code == 200
        # Nobody has asked it when that was, so it has not said: it counts as too long ago.
        refused = await create(ada)
        assert refused.status_code == 401
        assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
        wanted = refused.json()["errors"][0]["extensions"]["maxAge"]

        address = f"/auth/login?tenant={tenant.placement.slug}&max_age={wanted}&next=/auth/session"
        asked = await ada.client.get(address)
        assert str(asked.url).startswith(tenant.issuer), "it remembers who this is, and asks all the same"
        arrived = await ada.through(address)
        assert arrived.status_code == 200, arrived.text
        assert arrived.json()["member"]["email"] == "ada@both.example"

        made = await create(ada)
        assert made.json()["data"]["personalAccessTokenCreate"]["token"].startswith("fieldgate_pat_")
