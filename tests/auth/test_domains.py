"""Domains are proved by DNS, by one tenant at a time; sign-in finds organisations by them and tells nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from auth.sso.domain_name import domain_name, domain_of_address
from auth.sso.domains import (
    DnsTextRecords,
    DomainTakenError,
    add_domain,
    is_verified,
    record_name,
    record_value,
    tenant_of_domain,
    verify_domain,
)
from models.shared import Domain, IdentityProvider
from tests.auth.name_server import name_server
from tests.auth.provider_double import ISSUER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from settings import Settings
    from tenancy.placement import TenantPlacement
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person
    from tests.auth.name_server import NameServer


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    # Other tests' tenants have domains as well, and count them.
    before = [row.id async for row in Domain.all()]
    async with name_server() as opened:
        yield opened
    await Domain.exclude(id__in=before).delete()


def asking(settings: Settings, server: NameServer) -> DnsTextRecords:
    return DnsTextRecords(settings.model_copy(update={"dns_server": server.address}))


async def prove(settings: Settings, server: NameServer, placement: TenantPlacement, name: str) -> Domain:
    domain = await add_domain(placement.tenant_id, name)
    server.records[f"{record_name(name)}."] = ["v=spf1 -all", record_value(domain.verification_token)]
    assert await verify_domain(domain, asking(settings, server))
    return domain


async def test_a_record_proves_a_domain_and_its_absence_takes_the_proof_back(
    settings: Settings, server: NameServer, acme: TenantPlacement
) -> None:
    domain = await add_domain(acme.tenant_id, "acme.example")
    records = asking(settings, server)
    assert not await verify_domain(domain, records)
    assert await tenant_of_domain("acme.example") is None
    name = f"{record_name('acme.example')}."
    for wrong in (
        [record_value("x" * 43)],
        [domain.verification_token],
        [record_value(domain.verification_token)[:-1]],
    ):
        server.records[name] = wrong
        assert not await verify_domain(domain, records)
    server.records[name] = [record_value(domain.verification_token)]
    assert await verify_domain(domain, records)
    assert await tenant_of_domain("acme.example") == acme.tenant_id
    assert await is_verified(acme.tenant_id, "acme.example")
    assert not await is_verified(acme.tenant_id, "sub.acme.example")
    assert set(server.questions) == {name}, "asked with a search domain of this machine"
    del server.records[name]
    assert not await verify_domain(domain, records)
    assert not await is_verified(acme.tenant_id, "acme.example")


async def test_a_claim_again_is_the_claim_there_is(acme: TenantPlacement, server: NameServer) -> None:
    assert server.address
    first, again = [await add_domain(acme.tenant_id, "acme.example") for _ in range(2)]
    assert (first.id, first.verification_token) == (again.id, again.verification_token)


async def test_a_domain_is_proved_by_one_tenant_and_claimed_by_any(
    settings: Settings, server: NameServer, acme: TenantPlacement, globex: TenantPlacement
) -> None:
    await prove(settings, server, acme, "acme.example")
    claim = await add_domain(globex.tenant_id, "acme.example")
    assert not await verify_domain(claim, asking(settings, server)), "another tenant's record is no proof"
    server.records[f"{record_name('acme.example')}."].append(record_value(claim.verification_token))
    with pytest.raises(DomainTakenError):
        await verify_domain(claim, asking(settings, server))
    assert await tenant_of_domain("acme.example") == acme.tenant_id


async def test_a_name_server_that_does_not_answer_proves_nothing(settings: Settings, acme: TenantPlacement) -> None:
    domain = await add_domain(acme.tenant_id, "acme.example")
    assert not await verify_domain(domain, DnsTextRecords(settings.model_copy(update={"dns_server": "127.0.0.1:9"})))
    await domain.delete()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Acme.Example", "acme.example"),
        (" acme.example ", "acme.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("münchen.example", None),
        ("acme", None),
        ("acme.example.", None),
        ("*.acme.example", None),
        ("-acme.example", None),
        ("10.0.0.1", None),
        ("a" * 64 + ".example", None),
        (".".join(["a" * 60] * 5), None),
        ("acme.example\n.evil.example", None),
        ("", None),
    ],
)
def test_a_domain_name_is_one_that_dns_knows(text: str, name: str | None) -> None:
    assert domain_name(text) == name


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("kate@acme.example", "acme.example"),
        ("kate@ACME.example", "acme.example"),
        ('"a@evil.example"@acme.example', None),
        ("kate@evil.example@acme.example", None),
        ("@acme.example", None),
        ("kate@", None),
        ("kate", None),
        ("kate@acme.example, x@evil.example", None),
    ],
)
def test_the_domain_of_an_address_is_what_follows_its_only_at(address: str, domain: str | None) -> None:
    assert domain_of_address(address) == domain


# --- Discovery -------------------------------------------------------------------------------------------------------


async def ask(browser: Browser, organisation: str) -> httpx2.Response:
    return await browser.client.post("/auth/login", data={"tenant": organisation, "next": "/docs"})


def without_reference(response: httpx2.Response) -> str:
    return re.sub(re.escape(response.headers["x-request-id"]), "", response.text)


async def test_an_address_leads_to_the_provider_of_its_verified_domain(
    browser: Browser, member: Person, settings: Settings, server: NameServer
) -> None:
    await prove(settings, server, member.placement, "acme.example")
    known, unknown = await ask(browser, "owner@acme.example"), await ask(browser, "Nobody@ACME.example")
    for answer in (known, unknown):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{ISSUER}/authorize?")
        assert "acme.example" not in answer.headers["location"]


async def test_whatever_is_unknown_gets_the_same_answer(
    browser: Browser, member: Person, globex: TenantPlacement, settings: Settings, server: NameServer
) -> None:
    claimed = await add_domain(member.placement.tenant_id, "claimed.example")
    await prove(settings, server, globex, "globex.example")  # verified, and without a provider
    assert claimed.verified_at is None
    answers = [
        await ask(browser, organisation)
        for organisation in (
            "kate@unknown.example",
            "kate@claimed.example",
            "kate@globex.example",
            "kate@",
            "no-such-tenant",
            globex.slug,
            "",
            "x" * 5_000,
        )
    ]
    assert {answer.status_code for answer in answers} == {400}
    assert len({without_reference(answer) for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"set-cookie"})) for answer in answers}) == 1
    assert browser.double.requests["discovery"] == 0, "an unknown address made us ask somebody"


async def test_an_address_that_was_typed_is_in_no_log(
    browser: Browser, member: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    assert member.email
    await ask(browser, "canary-person@unknown.example")
    logged = capsys.readouterr()
    assert "canary-person" not in logged.out + logged.err


async def test_several_providers_are_offered_by_name(browser: Browser, member: Person) -> None:
    second = await IdentityProvider.create(
        tenant_id=member.placement.tenant_id,
        name="<b>Second</b>",
        issuer="https://second.example",
        client_id="x",
        enabled=True,
    )
    page = await browser.get(f"/auth/login?tenant={member.placement.slug}&next=/docs")
    assert page.status_code == 200
    assert "&lt;b&gt;Second&lt;/b&gt;" in page.text
    assert f'value="{member.provider_id}"' in page.text
    assert f'value="{second.id}"' in page.text
    chosen = {"tenant": member.placement.slug, "next": "/docs", "provider": str(member.provider_id)}
    answer = await browser.client.post("/auth/login", data=chosen)
    assert answer.headers["location"].startswith(f"{ISSUER}/authorize?")


async def test_another_tenants_provider_is_not_chosen(
    browser: Browser, member: Person, globex: TenantPlacement
) -> None:
    chosen = {"tenant": globex.slug, "provider": str(member.provider_id)}
    for provider in (str(member.provider_id), "x", ""):
        assert (await browser.client.post("/auth/login", data=chosen | {"provider": provider})).status_code == 400
