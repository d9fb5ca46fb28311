"""An owner connects a provider of other people's making over HTTP, from the redirect URI to an exchanged secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.acceptance import npm
from tests.acceptance.connection import Connection
from tests.acceptance.saml_connection import EMAIL_VERIFIED
from tests.acceptance.saml_connection import FOLDER as SAML_FOLDER
from tests.acceptance.visitor import Visitor
from tests.auth.saml.provider_double import key_pair
from tests.server.gateway import running_gateway
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

PROGRAM = "oidc_provider"
SECRET = "the secret that the provider knows"
SHOWN = "identityProvider { id redirectUri enabled testedAt waitsForTest } userErrors { code field message }"


@pytest.fixture
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    await npm.install(PROGRAM)
    async with running_gateway(settings, database, tmp_path_factory.mktemp("by-graphql")) as running:
        yield running


async def change(gateway: Gateway, verb: str, *, owner_of: int = 0, shown: str = SHOWN, **given: object) -> Any:  # noqa: ANN401 - JSON
    name = f"identityProvider{verb}"
    document = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {shown} }} }}"
    async with gateway.client(gateway.tokens[owner_of]) as client:
        answer = await client.post("/graphql", json={"query": document, "variables": {"input": given}})
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"][name]


async def made(gateway: Gateway, verb: str, **given: Any) -> Any:  # noqa: ANN401 - as above
    payload = await change(gateway, verb, **given)
    assert payload["userErrors"] == []
    return payload["identityProvider"]


async def rehearsed(gateway: Gateway, connection: str, *, owner_of: int = 0) -> int:
    """The status of the page at the end of a dry run."""
    tested = await change(gateway, "Test", owner_of=owner_of, shown="testUrl userErrors { code }", id=connection)
    assert tested["userErrors"] == []
    async with Visitor(gateway.url, "owner") as visitor:
        page = await visitor.through(tested["testUrl"])
        assert not await visitor.is_signed_in()
        return page.status_code


async def signs_in(gateway: Gateway, number: int = 0) -> bool:
    async with Visitor(gateway.url, "owner") as visitor:
        await visitor.through(f"/auth/login?tenant={gateway.tenants[number].slug}&next=/auth/session")
        return await visitor.is_signed_in()


async def test_an_owner_connects_a_provider_and_exchanges_its_secret(gateway: Gateway) -> None:
    placement, port = gateway.tenants[0], free_port()
    issuer = f"http://localhost:{port}"
    draft = await made(gateway, "Create", name="Ours", kind="OIDC")
    connection = draft["id"]
    assert draft["redirectUri"] == f"{gateway.url}/auth/callback/{connection}"
    options: dict[str, object] = {
        "name": "owned",
        "issuer": issuer,
        "port": port,
        "gateway": gateway.url,
        "connection": connection,
        "clientId": "fieldgate",
        "clientSecret": SECRET,
        "people": {"owner": {"email": f"owner@{placement.slug}.example", "name": "An Owner"}},
        "algorithm": "RS256",
        "emailInIdToken": True,
    }
    provider = Connection(placement, connection, issuer, {}, PROGRAM, options)
    async with provider.running():
        await made(gateway, "Update", id=connection, issuer=issuer, clientId="fieldgate", clientSecret=SECRET)
        early = await change(gateway, "SetEnabled", id=connection, enabled=True)
        assert [each["code"] for each in early["userErrors"]] == ["CONFLICT"]
        assert await rehearsed(gateway, connection) == 200
        assert (await made(gateway, "SetEnabled", id=connection, enabled=True))["testedAt"] is not None
        assert await signs_in(gateway)

        changed = await made(gateway, "Update", id=connection, clientSecret="mistyped")
        assert changed["waitsForTest"] == ["clientSecret"]
        assert await rehearsed(gateway, connection) == 400
        assert await signs_in(gateway), "what a test has proved is in force until another is"
        await made(gateway, "Update", id=connection, clientSecret=SECRET)
        assert await rehearsed(gateway, connection) == 200
        assert (await made(gateway, "Update", id=connection, name="Renamed"))["waitsForTest"] == []
        assert await signs_in(gateway)

        last = await change(gateway, "SetEnabled", id=connection, enabled=False)
        assert [each["code"] for each in last["userErrors"]] == ["CONFLICT"], "it is the only way in"
        foreign = await change(gateway, "Update", owner_of=1, id=connection, name="Mine")
        assert [each["code"] for each in foreign["userErrors"]] == ["NOT_FOUND"]
    assert SECRET not in gateway.log.read_text(encoding="utf-8")


async def test_an_owner_connects_a_saml_provider_and_exchanges_keys(gateway: Gateway) -> None:
    await npm.install(SAML_FOLDER)
    placement, port = gateway.tenants[1], free_port()
    issuer = f"http://localhost:{port}"
    ours = "identityProvider { id spMetadataUrl acsUrl issuer testedAt enabled waitsForTest } userErrors { code field }"

    async def saml(verb: str, **given: object) -> Any:  # noqa: ANN401 - as above
        payload = await change(gateway, verb, owner_of=1, shown=ours, **given)
        assert payload["userErrors"] == [], payload
        return payload["identityProvider"]

    draft = await saml("Create", name="AD FS", kind="SAML", claimNames={"emailVerified": EMAIL_VERIFIED})
    connection = draft["id"]
    assert draft["issuer"] is None
    assert draft["spMetadataUrl"] == f"{gateway.url}/saml/{placement.slug}/metadata/{connection}"
    wanted = {"id": connection, "signingPolicy": "BOTH", "wantEncrypted": True}
    await saml("Update", **wanted)
    keys = key_pair(issuer)
    options: dict[str, object] = {
        "issuer": issuer,
        "port": port,
        "ours": await document(draft["spMetadataUrl"]),
        "certificate": keys.certificate_pem.decode(),
        "key": keys.key_pem.decode(),
        "signed": "both",
        "encrypted": True,
        "nameFormat": None,
        "people": {"owner": {"email": f"owner@{placement.slug}.example", "verified": True}},
    }
    provider = Connection(placement, connection, issuer, {}, SAML_FOLDER, options)
    async with provider.running():
        nowhere = await change(gateway, "Test", owner_of=1, shown="testUrl userErrors { code }", id=connection)
        assert [each["code"] for each in nowhere["userErrors"]] == ["CONFLICT"], "no provider is known yet"
        named = await saml("Update", id=connection, metadata=await document(f"{issuer}/metadata"))
        assert named["issuer"] == issuer
        early = await change(gateway, "SetEnabled", owner_of=1, id=connection, enabled=True)
        assert [each["code"] for each in early["userErrors"]] == ["CONFLICT"]
        assert await rehearsed(gateway, connection, owner_of=1) == 200
        assert (await saml("SetEnabled", id=connection, enabled=True))["testedAt"] is not None
        assert await signs_in(gateway, 1)

        # What the provider does not do is found by a test before it keeps anybody out.
        mistaken = await saml("Update", id=connection, claimNames={"email": "no such attribute"}, stepUpAcr="urn:none")
        assert mistaken["waitsForTest"] == ["claimNames", "stepUpAcr"]
        assert await rehearsed(gateway, connection, owner_of=1) == 400
        assert await signs_in(gateway, 1)
        assert (await saml("Update", id=connection, discardWaiting=True))["waitsForTest"] == []

        await saml("RotateKey", id=connection, keepDays=1)
    # The provider believes our new key, and encrypts with it, once it has our metadata anew.
    anew = {**options, "ours": await document(draft["spMetadataUrl"])}
    assert anew["ours"] != options["ours"]
    async with Connection(placement, connection, issuer, {}, SAML_FOLDER, anew).running():
        assert await signs_in(gateway, 1)
        for number, verb, given in ((0, "Update", {"name": "Mine"}), (0, "RotateKey", {}), (0, "Delete", {})):
            shown = "userErrors { code }"
            foreign = await change(gateway, verb, owner_of=number, shown=shown, id=connection, **given)
            assert [each["code"] for each in foreign["userErrors"]] == ["NOT_FOUND"], verb


async def document(address: str) -> str:
    async with httpx2.AsyncClient() as client:
        return (await client.get(address)).raise_for_status().text
