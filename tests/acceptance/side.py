"""What somebody of a tenant has there, of every kind that another tenant's people could try to get at."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from auth.cookies import Cookie

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.connection import Connection
    from tests.acceptance.visitor import Visitor
    from tests.server.gateway import Gateway

_THINGS: Final = """{
  orgUnits(first: 1) { nodes { id } } members(first: 1) { nodes { id } } roles(first: 1) { nodes { id } }
}"""
_COMPANY: Final = """mutation ($input: CompanyCreateInput!) {
  companyCreate(input: $input) { company { id version } userErrors { message } }
}"""
_TOKEN: Final = """mutation ($input: PersonalAccessTokenCreateInput!) {
  personalAccessTokenCreate(input: $input) { personalAccessToken { id } token userErrors { message } }
}"""
_CLIENT: Final = """mutation ($input: ClientCreateInput!) {
  clientCreate(input: $input) { client { id } secret userErrors { message } }
}"""


@dataclass(frozen=True)
class Side:
    """A tenant, and its owner at a browser.

    Attributes:
        connection: by which they sign in.
        visitor: the owner's browser.
        ids: global ids, by kind.
        cursor: of its first company.
        secrets: what opens something there, by kind.
    """

    connection: Connection
    visitor: Visitor
    ids: Mapping[str, str]
    cursor: str
    secrets: Mapping[str, str]

    @property
    def slug(self) -> str:
        return self.connection.placement.slug

    @property
    def token(self) -> str:
        """The access token that the browser keeps."""
        return self.visitor.cookies[Cookie.ACCESS]

    def by(self, visitor: Visitor) -> Side:
        """The same at another browser."""
        return replace(self, visitor=visitor)

    async def ask(self, query: str, *, token: str | None = None, **variables: object) -> dict[str, Any]:
        return await ask(self.visitor, query, token=token or self.token, **variables)


async def ask(visitor: Visitor, query: str, *, token: str, **variables: object) -> dict[str, Any]:
    """Ask with a bearer token, whatever the status of the answer is."""
    answer = await visitor.client.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"},
    )
    answered: dict[str, Any] = answer.json()
    return answered


async def sign_in_anew(connection: Connection, visitor: Visitor) -> None:
    """As some things take it: a sign-in of which the provider says that it was just now."""
    page = await visitor.through(f"{connection.sign_in_address}&max_age=900")
    assert page.status_code == 200, page.text


async def side(gateway: Gateway, connection: Connection, visitor: Visitor) -> Side:
    """Sign in, and make one thing of each kind."""
    await sign_in_anew(connection, visitor)
    token, slug = visitor.cookies[Cookie.ACCESS], connection.placement.slug

    async def make(query: str, **given: object) -> dict[str, Any]:
        answered = await ask(visitor, query, token=token, input=given)
        assert "data" in answered, answered
        (payload,) = answered["data"].values()
        assert payload["userErrors"] == []
        made: dict[str, Any] = payload
        return made

    found = (await ask(visitor, _THINGS, token=token))["data"]
    unit, member, role = (found[kind]["nodes"][0]["id"] for kind in ("orgUnits", "members", "roles"))
    company = (await make(_COMPANY, orgUnitId=unit, name=f"Secret of {slug}"))["company"]
    personal = await make(_TOKEN, name="A script", days=30)
    client = await make(_CLIENT, name="A partner", roleId=role)
    page = await ask(visitor, "{companies(first:1){edges{cursor}}}", token=token)
    return Side(
        connection=connection,
        visitor=visitor,
        ids={
            "company": company["id"],
            "orgUnit": unit,
            "member": member,
            "role": role,
            "personalAccessToken": personal["personalAccessToken"]["id"],
            "client": client["client"]["id"],
        },
        cursor=page["data"]["companies"]["edges"][0]["cursor"],
        secrets={
            "personal": personal["token"],
            "client": client["secret"],
            "scim": json.loads(await gateway.command("scim", "token", "create", "--tenant", slug, "--json"))["token"],
            "ticket": (await gateway.command("identity-provider", "test", connection.id)).rpartition("=")[2].strip(),
        },
    )
