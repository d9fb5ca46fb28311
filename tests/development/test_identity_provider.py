"""The development identity provider, over HTTP on this machine, as our own side and as others meet it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from development.identity_provider import CLIENT_ID, client_secret_of, development_routes, issuer_of
from development.identity_provider_registration import ensure_identity_provider, ensure_identity_providers
from models.shared import IdentityProvider
from server.app import create_app
from settings import InsecureSettingsError
from tests.development.machine import SLUG, VERIFIER, running_machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.development.machine import Machine

NO_CHANGES: Final[Mapping[str, str | None]] = {}


@pytest.fixture(scope="module")
async def machine(settings: Settings, database: Database) -> AsyncIterator[Machine]:
    async with running_machine(settings, database) as running:
        yield running


@pytest.fixture
async def client(machine: Machine) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=machine.settings.public_url) as opened:
        yield opened


def parameters(response: httpx2.Response) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def chosen(client: httpx2.AsyncClient, machine: Machine, member: str = "owner") -> dict[str, str]:
    """What comes back when somebody says who they are."""
    member_id = machine.members[f"{member}@{SLUG}.example"]
    address = f"{machine.issuer}/authorize?{urlencode(machine.request())}"
    return parameters(await client.post(address, data={"member": str(member_id)}))


async def exchanged(  # noqa: PLR0913 - what a code can be shown with
    client: httpx2.AsyncClient,
    machine: Machine,
    code: str,
    changes: Mapping[str, str | None] = NO_CHANGES,
    *,
    issuer: str | None = None,
    credentials: tuple[str, str] | None = None,
) -> httpx2.Response:
    honest: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": machine.request()["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    form = {name: value for name, value in {**honest, **changes}.items() if value is not None}
    return await client.post(f"{issuer or machine.issuer}/token", data=form, auth=credentials or machine.credentials)


async def test_a_person_signs_in_through_the_page_over_http(client: httpx2.AsyncClient, machine: Machine) -> None:
    departure = await client.get(f"/auth/login?tenant={SLUG}&next=/docs")
    page = await client.get(departure.headers["location"])
    assert page.status_code == 200
    choices = dict(re.findall(r'name="member" value="([^"]+)".*?<span>([^<]+@[^<]+)</span>', page.text))
    analyst = next(member for member, email in choices.items() if email == f"analyst@{SLUG}.example")
    back = await client.post(departure.headers["location"], data={"member": analyst})
    arrival = await client.get(back.headers["location"])
    assert (arrival.status_code, arrival.headers["location"]) == (303, "/docs")
    session = (await client.get("/auth/session")).json()
    assert session["member"]["id"] == str(machine.members[f"analyst@{SLUG}.example"])
    assert session["tenant"]["slug"] == SLUG


async def test_the_page_lists_active_members_with_their_roles_and_nothing_can_be_slipped_in(
    client: httpx2.AsyncClient, machine: Machine
) -> None:
    page = (await client.get(f"{machine.issuer}/authorize", params=machine.request())).text
    assert f"owner@{SLUG}.example" in page
    assert f"gone@{SLUG}.example" not in page
    assert "Analyst in North &amp; &lt;South&gt;" in page
    assert "&lt;b&gt;Owner&lt;/b&gt; &amp; Co" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert page.count("autofocus") == 1


async def test_its_discovery_document_says_what_it_does(client: httpx2.AsyncClient, machine: Machine) -> None:
    document = (await client.get(f"{machine.issuer}/.well-known/openid-configuration")).json()
    assert document["issuer"] == machine.issuer
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert (await client.get(document["jwks_uri"])).json()["keys"][0]["alg"] == "ES256"


async def test_a_code_gives_an_id_token_that_holds_and_a_look_at_the_claims(
    client: httpx2.AsyncClient, machine: Machine
) -> None:
    answer = await chosen(client, machine)
    assert (answer["state"], answer["iss"]) == ("a-state", machine.issuer)
    tokens = (await exchanged(client, machine, answer["code"])).json()
    keys = KeySet.import_key_set((await client.get(f"{machine.issuer}/jwks")).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    owner = f"owner@{SLUG}.example"
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (machine.issuer, CLIENT_ID, "a-nonce")
    assert (claims["sub"], claims["email"], claims["email_verified"]) == (str(machine.members[owner]), owner, True)
    assert claims["at_hash"]
    userinfo = await client.get(
        f"{machine.issuer}/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert userinfo.json()["sub"] == claims["sub"]
    for token in ("x", tokens["id_token"]):
        refused = await client.get(f"{machine.issuer}/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert refused.status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"nonce": None},
        {"scope": "email admin"},
        {"response_type": "token"},
        {"prompt": "none"},
    ],
)
async def test_o19_a_request_without_pkce_or_otherwise_wrong_gets_no_page(
    client: httpx2.AsyncClient, machine: Machine, changes: dict[str, str | None]
) -> None:
    refused = await client.get(f"{machine.issuer}/authorize", params=machine.request(**changes))
    assert refused.status_code == 303
    answer = parameters(refused)
    assert "error" in answer
    assert "code" not in answer
    assert (answer["state"], answer["iss"]) == ("a-state", machine.issuer)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:8000.evil.example/auth/callback"},
        {"redirect_uri": None},
    ],
)
async def test_a_request_of_a_stranger_is_sent_nowhere(
    client: httpx2.AsyncClient, machine: Machine, changes: dict[str, str | None]
) -> None:
    refused = await client.get(f"{machine.issuer}/authorize", params=machine.request(**changes))
    assert refused.status_code == 400
    assert "location" not in refused.headers


@pytest.mark.parametrize("member", ["", "x", "00000000-0000-7000-8000-000000000001", "gone"])
async def test_nobody_is_somebody_who_is_not_there(client: httpx2.AsyncClient, machine: Machine, member: str) -> None:
    chosen_id = str(machine.members[f"gone@{SLUG}.example"]) if member == "gone" else member
    address = f"{machine.issuer}/authorize?{urlencode(machine.request())}"
    answer = parameters(await client.post(address, data={"member": chosen_id}))
    assert answer["error"] == "access_denied"
    assert answer["iss"] == machine.issuer


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": "w" * 43},
        {"redirect_uri": "http://127.0.0.1:8000/other"},
        {"code": "unknown"},
        {"grant_type": "password"},
    ],
)
async def test_o19_a_code_is_good_for_the_verifier_and_address_it_was_asked_with(
    client: httpx2.AsyncClient, machine: Machine, changes: dict[str, str | None]
) -> None:
    code = (await chosen(client, machine))["code"]
    refused = await exchanged(client, machine, code, changes)
    assert refused.status_code == 400
    assert "id_token" not in refused.text


async def test_o19_a_code_is_good_once_and_at_its_own_tenants_provider(
    client: httpx2.AsyncClient, machine: Machine
) -> None:
    code = (await chosen(client, machine))["code"]
    assert (await exchanged(client, machine, code)).status_code == 200
    assert (await exchanged(client, machine, code)).json()["error"] == "invalid_grant"
    elsewhere = issuer_of(machine.settings, machine.other.slug)
    secret = client_secret_of(machine.settings, machine.other.tenant_id)
    code = (await chosen(client, machine))["code"]
    crossed = await exchanged(client, machine, code, issuer=elsewhere, credentials=(CLIENT_ID, secret))
    assert crossed.json()["error"] == "invalid_grant"


async def test_a_client_without_the_secret_gets_nothing(client: httpx2.AsyncClient, machine: Machine) -> None:
    code = (await chosen(client, machine))["code"]
    for credentials in ((CLIENT_ID, "wrong"), (CLIENT_ID, ""), ("another", machine.credentials[1])):
        assert (await exchanged(client, machine, code, credentials=credentials)).status_code == 401


@pytest.mark.parametrize("slug", ["unknown", "x'--", "..%2f..", "a" * 300])
async def test_a_tenant_that_is_not_there_has_no_provider(client: httpx2.AsyncClient, slug: str) -> None:
    for path in (".well-known/openid-configuration", "jwks", "authorize", "userinfo"):
        assert (await client.get(f"/development/identity-provider/{slug}/{path}")).status_code == 404


async def test_registering_again_changes_the_address_and_makes_no_second_provider(machine: Machine) -> None:
    before = await IdentityProvider.filter(tenant_id=machine.placement.tenant_id)
    moved = machine.settings.model_copy(update={"public_url": "http://127.0.0.1:1"})
    await ensure_identity_provider(moved, machine.placement)
    (row,) = await IdentityProvider.filter(tenant_id=machine.placement.tenant_id)
    assert (row.id, row.issuer) == (before[0].id, issuer_of(moved, SLUG))
    await ensure_identity_provider(machine.settings, machine.placement)


async def test_every_tenant_of_the_machine_gets_one(machine: Machine, tenants: dict[str, TenantPlacement]) -> None:
    before = [row.id async for row in IdentityProvider.all()]
    await ensure_identity_providers(machine.settings)
    try:
        for placement in tenants.values():
            row = await IdentityProvider.get(tenant_id=placement.tenant_id, name="Development")
            assert row.issuer == issuer_of(machine.settings, placement.slug)
    finally:
        # Every tenant means those of other tests too, and some of these count theirs.
        await IdentityProvider.exclude(id__in=before).delete()


def test_it_does_not_exist_in_production(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    with pytest.raises(InsecureSettingsError):
        development_routes(production)
    routes = development_routes(settings)
    with pytest.raises(InsecureSettingsError):
        create_app(production, extra_routes=routes)
    create_app(settings, extra_routes=routes)
