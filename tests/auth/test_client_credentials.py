"""OAuth clients: how they prove themselves, what they get for it, and how it ends. Rows J3, J9, J10, J14 and J15."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from tortoise import connections

from auth.acting import ActingKind
from auth.audit import NOBODY
from auth.oauth.client_registry import RefusedKeysError, checked_keys, rotate_secret, set_enabled
from auth.permissions import Permission
from auth.scannable_secret import CLIENT_SECRET, new_secret
from auth.sessions.access_token import audience
from models.shared import Client, Session
from models.tenant import AuditEvent, Member, RoleAssignment
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_person, add_provider
from tests.auth.partner import KEYS, Partner, new_partner, public_keys
from tests.auth.tokens import encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from settings import Settings
    from tenancy.placement import TenantPlacement
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person


@pytest.fixture
async def partner(browser: Browser, member: Person, settings: Settings) -> AsyncIterator[Partner]:
    yield await new_partner(member, browser.client, settings.public_url)
    await forget(member.placement)


@pytest.fixture
async def signing(browser: Browser, member: Person, settings: Settings) -> AsyncIterator[Partner]:
    yield await new_partner(member, browser.client, settings.public_url, jwks=public_keys())
    await forget(member.placement)


async def forget(placement: TenantPlacement) -> None:
    await Client.filter(tenant_id=placement.tenant_id).delete()
    async with tenant_scope(placement, authorization_version=None):
        await RoleAssignment.all().delete()


def is_invalid_client(answer: httpx2.Response) -> bool:
    return (answer.status_code, answer.text) == (401, '{"error":"invalid_client"}')


async def introspected(asking: Partner, token: str) -> dict[str, Any]:
    answer = await asking.http.post("/auth/introspect", data={"token": token}, headers=asking.basic())
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def test_a_client_gets_a_token_of_minutes_for_our_audience(partner: Partner, settings: Settings) -> None:
    answer = await partner.by_secret()
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert body.keys() == {"access_token", "token_type", "expires_in"}
    assert body["expires_in"] == settings.access_token_seconds <= 300
    keys = KeySet.import_key_set((await partner.http.get("/.well-known/jwks.json")).json())
    token = jwt.decode(body["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert (token.claims["aud"], token.claims["client_id"]) == (audience(settings), str(partner.id))
    assert (token.claims["sub"], token.claims["tid"]) == (
        str(partner.client.member_id),
        str(partner.client.tenant_id),
    )
    assert token.claims["exp"] - token.claims["iat"] == settings.access_token_seconds


async def test_the_token_is_the_service_member_with_its_roles(partner: Partner, browser: Browser) -> None:
    token = (await partner.by_secret()).json()["access_token"]
    viewer = await browser.authentication.authenticator.viewer(token)
    assert viewer.acting is not None
    assert (viewer.acting.kind, viewer.acting.client_id) == (ActingKind.CLIENT, partner.id)
    assert viewer.member_id == partner.client.member_id
    assert viewer.may(Permission.COMPANY_READ_TAX, None)
    assert not viewer.may(Permission.COMPANY_WRITE, None)


async def test_a_scope_narrows_and_never_widens(browser: Browser, member: Person, settings: Settings) -> None:
    scopes = frozenset({Permission.COMPANY_READ, Permission.CONTACT_READ, Permission.COMPANY_WRITE})
    partner = await new_partner(member, browser.client, settings.public_url, scopes=scopes)
    whole, part = await partner.by_secret(), await partner.by_secret(scope="company:read company:write")
    assert whole.json()["scope"] == "company:read company:write contact:read"
    assert part.json()["scope"] == "company:read company:write"
    viewer = await browser.authentication.authenticator.viewer(part.json()["access_token"])
    assert viewer.grants.everywhere == {Permission.COMPANY_READ}, "an auditor writes nothing, whatever a scope says"
    again = await browser.authentication.authenticator.renewed(viewer)
    assert (again.grants, again.acting) == (viewer.grants, viewer.acting), "renewed within the same bounds"
    for refused in ("company:read_tax", "company:read company:read_tax", "nonsense", "", "company:read  contact:read"):
        answer = await partner.by_secret(scope=refused)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})
    await forget(member.placement)


async def test_a_new_secret_overlaps_with_the_one_before(partner: Partner, member: Person) -> None:
    async with tenant_scope(member.placement, authorization_version=None):
        made = await rotate_secret(partner.client.tenant_id, partner.id, NOBODY)
    assert made is not None
    assert made.text is not None
    assert (await partner.by_secret(made.text)).status_code == 200
    assert (await partner.by_secret()).status_code == 200
    past = datetime.now(UTC) - timedelta(seconds=1)
    await Client.filter(id=partner.id).update(previous_secret_expires_at=past)
    assert is_invalid_client(await partner.by_secret())
    assert (await partner.by_secret(made.text)).status_code == 200


async def test_j9_a_client_that_is_switched_off_is_refused_and_its_tokens_die(partner: Partner, member: Person) -> None:
    token = (await partner.by_secret()).json()["access_token"]
    assert (await introspected(partner, token))["active"]
    async with tenant_scope(member.placement, authorization_version=None):
        await set_enabled(partner.client.tenant_id, partner.id, NOBODY, enabled=False)
    assert is_invalid_client(await partner.by_secret())
    (session,) = await Session.filter(client_id=partner.id)
    assert session.revoked_reason == "client_disabled"
    async with tenant_scope(member.placement, authorization_version=None):
        await set_enabled(partner.client.tenant_id, partner.id, NOBODY, enabled=True)
    assert await introspected(partner, token) == {"active": False}, "back on, but not for what was revoked"


async def test_another_tenant_neither_switches_nor_rotates_a_client(partner: Partner, globex: TenantPlacement) -> None:
    before = await Client.filter(id=partner.id).values()
    async with tenant_scope(globex, authorization_version=None):
        assert await set_enabled(globex.tenant_id, partner.id, NOBODY, enabled=False) is None
        assert await rotate_secret(globex.tenant_id, partner.id, NOBODY) is None
        assert await AuditEvent.filter(subject_id=partner.id).count() == 0
    assert await Client.filter(id=partner.id).values() == before


async def test_j9_a_client_that_has_expired_or_whose_member_is_inactive_is_refused(partner: Partner) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=20)
    await Client.filter(id=partner.id).update(expires_at=soon)
    assert 0 < (await partner.by_secret()).json()["expires_in"] <= 20
    await Client.filter(id=partner.id).update(expires_at=datetime.now(UTC))
    assert is_invalid_client(await partner.by_secret())
    await Client.filter(id=partner.id).update(expires_at=None)
    placement = await _placement(partner)
    async with tenant_scope(placement, authorization_version=None):
        await Member.filter(id=partner.client.member_id).update(active=False)
    assert is_invalid_client(await partner.by_secret())


async def _placement(partner: Partner) -> TenantPlacement:
    app = partner.http._transport.app  # type: ignore[attr-defined]  # noqa: SLF001 # the gateway behind the client
    directory = app.state.authentication.authenticator._directory  # noqa: SLF001 # where the tenant is
    placement: TenantPlacement = await directory.by_id(partner.client.tenant_id)
    return placement


async def test_j15_every_bad_proof_gets_the_same_answer(partner: Partner) -> None:
    answers = [
        await partner.by_secret(secret)
        for secret in ("", "x", new_secret(CLIENT_SECRET), f"{partner.secret}x", "\u00e9", "a" * 3000)
    ]
    for header in ("Basic", "Basic ", "Basic %%%", "Basic Og==", "Bearer x", "Negotiate x", "Basic " + "A" * 9000):
        body = {"grant_type": "client_credentials"}
        answers.append(await partner.http.post("/auth/token", data=body, headers={"Authorization": header}))
    answers.append(await partner.http.post("/auth/token", data={"grant_type": "client_credentials"}))
    in_the_body = {"client_id": str(partner.id), "client_secret": partner.secret or ""}
    answers.append(await partner.http.post("/auth/token", data={"grant_type": "client_credentials", **in_the_body}))
    answers.append(await partner.by_secret(client_id="00000000-0000-7000-8000-000000000001"))
    assert all(is_invalid_client(answer) for answer in answers)
    assert len({answer.headers["www-authenticate"] for answer in answers}) == 1


async def test_j14_a_stolen_database_holds_no_secret_and_no_token(partner: Partner) -> None:
    token = (await partner.by_secret()).json()["access_token"]
    dump = ""
    for table in ("client", "session"):
        rows = await connections.get("shared").execute_query_dict(f"SELECT * FROM fieldgate.{table}")  # noqa: S608 # two names
        dump += repr([{k: bytes(v).hex() if isinstance(v, bytes) else v for k, v in row.items()} for row in rows])
    assert partner.secret is not None
    for secret in (partner.secret, partner.secret.encode().hex(), token):
        assert secret not in dump


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_client_proves_itself_by_signature(signing: Partner, algorithm: str) -> None:
    assert signing.secret is None
    answer = await signing.by_assertion(signing.assertion(algorithm))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://else.example"},
        {"aud": ...},
        {"aud": []},
        {"aud": ["http://127.0.0.1:8000", "https://else.example"]},
        {"iss": "00000000-0000-7000-8000-000000000001"},
        {"iss": ...},
        {"sub": "00000000-0000-7000-8000-000000000001"},
        {"sub": "x"},
        {"sub": ...},
        {"jti": ...},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 256},
        {"exp": ...},
        {"exp": 1},
        {"exp": "4102444800"},
        {"exp": 2**40},
        {"exp": True},
        {"iat": 2**40},
        {"nbf": 2**40},
    ],
    ids=repr,
)
async def test_an_assertion_that_is_not_for_us_now_is_refused(signing: Partner, changed: dict[str, object]) -> None:
    assert is_invalid_client(await signing.by_assertion(signing.assertion("ES256", **changed)))


async def test_an_assertion_good_for_longer_than_minutes_is_refused(signing: Partner) -> None:
    assert is_invalid_client(await signing.by_assertion(signing.assertion(exp=int(time.time()) + 3600)))


async def test_j1_an_assertion_under_another_key_or_algorithm_is_refused(signing: Partner) -> None:
    good = signing.assertion()
    head, claims, signature = good.split(".")
    forged = jwt.encode({"alg": "ES256", "kid": "ES256"}, {"sub": str(signing.id)}, ECKey.generate_key("P-256"))
    unsigned = f"{encode({'alg': 'none'})}.{claims}."
    hmac_of_public = f"{encode({'alg': 'HS256', 'kid': 'ES256'})}.{claims}.{signature}"
    brings_key = encode({"alg": "ES256", "jwk": KEYS["ES256"].as_dict(private=False)})
    for text in (
        forged,
        unsigned,
        hmac_of_public,
        f"{brings_key}.{claims}.{signature}",
        f"{head}.{claims}.AAAA",
        "",
        "x",
    ):
        assert is_invalid_client(await signing.by_assertion(text))
    assert is_invalid_client(await signing.by_assertion("A" * 20_000)) is False, "the body is too large to be read"
    assert (await signing.by_assertion(good)).status_code == 200


async def test_an_assertion_is_good_once_even_at_the_same_time_and_at_any_endpoint(signing: Partner) -> None:
    text = signing.assertion()
    answers = await asyncio.gather(*(signing.by_assertion(text) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]
    for path in ("/auth/introspect", "/auth/revoke"):
        assert is_invalid_client(await signing.http.post(path, data=signing.proof(text, token="x")))
        once = signing.assertion()
        assert (await signing.http.post(path, data=signing.proof(once, token="x"))).status_code == 200
        assert is_invalid_client(await signing.by_assertion(once))


async def test_a_client_with_keys_has_no_secret_and_two_proofs_at_once_are_none(signing: Partner) -> None:
    assert is_invalid_client(await signing.by_secret(new_secret(CLIENT_SECRET)))
    body = signing.proof(signing.assertion(), grant_type="client_credentials")
    assert is_invalid_client(await signing.http.post("/auth/token", data=body, headers=signing.basic("x")))


async def test_introspection_is_for_the_tenants_own_clients(
    partner: Partner, browser: Browser, globex: TenantPlacement, settings: Settings
) -> None:
    token = (await partner.by_secret(scope="company:read")).json()["access_token"]
    described = await introspected(partner, token)
    assert described["active"] is True
    assert (described["client_id"], described["scope"]) == (str(partner.id), "company:read")
    assert (described["aud"], described["token_type"]) == (audience(settings), "Bearer")
    stranger = await add_person(globex, "owner@globex.example", (await add_provider(globex)).id)
    other = await new_partner(stranger, browser.client, settings.public_url)
    assert await introspected(other, token) == {"active": False}
    for text in ("", "x", token[:-4], partner.secret or "", new_secret("fieldgate_pat_")):
        assert await introspected(partner, text) == {"active": False}
    assert is_invalid_client(await browser.client.post("/auth/introspect", data={"token": token}))
    bearer = {"Authorization": f"Bearer {token}"}
    assert is_invalid_client(await browser.client.post("/auth/introspect", data={"token": token}, headers=bearer))
    await forget(globex)


async def test_j10_a_client_revokes_its_own_tokens_and_nobody_elses(
    partner: Partner, browser: Browser, member: Person, settings: Settings
) -> None:
    other = await new_partner(member, browser.client, settings.public_url)
    token = (await partner.by_secret()).json()["access_token"]
    for headers in (other.basic(), {}):
        answer = await browser.client.post("/auth/revoke", data={"token": token}, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await introspected(partner, token))["active"] is True
    wrong = await browser.client.post("/auth/revoke", data={"token": token}, headers=partner.basic("x"))
    assert is_invalid_client(wrong)
    assert (
        await browser.client.post("/auth/revoke", data={"token": token}, headers=partner.basic())
    ).status_code == 200
    assert await introspected(partner, token) == {"active": False}


def test_keys_that_we_would_not_verify_with_are_refused() -> None:
    good = public_keys()
    assert checked_keys(good) == good
    private = {"keys": [KEYS["ES256"].as_dict(private=True)]}
    other: dict[str, object] = {"keys": [ECKey.generate_key("P-384").as_dict(private=False)]}
    refused: tuple[object, ...] = (
        None,
        {},
        {"keys": []},
        {"keys": "x"},
        {"keys": [{}]},
        {"keys": [{"kty": "oct", "k": "AA"}]},
        private,
        other,
    )
    for bad in refused:
        with pytest.raises(RefusedKeysError):
            checked_keys(bad)


async def test_the_resource_says_whose_tokens_it_takes(browser: Browser, settings: Settings) -> None:
    challenge = (await browser.get("/auth/session")).headers["www-authenticate"]
    address = challenge.partition('resource_metadata="')[2].rstrip('"')
    metadata = (await browser.client.get(address)).json()
    assert metadata["resource"] == audience(settings)
    assert metadata["authorization_servers"] == [settings.public_url]
    assert (await browser.get("/.well-known/oauth-protected-resource")).json() == metadata
