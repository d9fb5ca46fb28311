"""S20, S22, S25, S29, S34 and S35 of the security cases against the real routes, and what they have in common.

Whatever is wrong looks the same from outside. What was wrong is in the log, and in the audit of the tenant.
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from auth.cookies import Cookie
from auth.roles import BUILT_IN_ROLES
from auth.sso.refusal import Refusal
from auth.sso.saml.guard import MAX_BYTES
from auth.sso.saml.incoming import FORM_BYTES
from auth.sso.saml.refusal_audit import MOST_PER_MINUTE
from models.shared import Domain, IdentityProvider, Session
from models.tenant import AuditEvent, Member, RoleAssignment
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME, Browser
from tests.auth.conftest import GLOBEX, add_person
from tests.auth.saml.provider_at_work import EMAIL, ENTITY, ProviderAtWork, add_connection, metadata
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    import httpx2

    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person

# Each is refused after the response is verified, or instead of it.
WRONG: Final[list[tuple[dict[str, Any], Refusal]]] = [
    ({"key": "attacker"}, Refusal.SAML_SIGNATURE),
    ({"audience": "https://other.example"}, Refusal.SAML_AUDIENCE),
    ({"in_response_to": "_other"}, Refusal.SAML_IN_RESPONSE_TO),
    ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, Refusal.SAML_STATUS),
    ({"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, Refusal.SAML_NAME_ID),
    ({"attributes": (("email", ("nobody@acme.example",)),)}, Refusal.NO_SUCH_MEMBER),
]


async def refusals(placement: TenantPlacement) -> list[tuple[str, str | None]]:
    """What the tenant's audit tells of refused sign-ins: the reason, and the reference that was shown."""
    async with tenant_scope(placement, authorization_version=None):
        rows = await AuditEvent.filter(action="sign_in:refuse").order_by("id")
    return [(str(row.details["reason"]), row.request_id) for row in rows]


async def reason(placement: TenantPlacement, answer: httpx2.Response) -> str:
    """Why the person who was shown this page is not signed in. The page is the one that everybody gets."""
    assert is_the_error_page(answer)
    return {reference: why for why, reference in await refusals(placement)}[answer.headers["x-request-id"]]


async def sessions(connection_id: object) -> int:
    return await Session.filter(identity_provider_id=connection_id).count()


async def test_every_failure_looks_the_same_but_for_its_reference(at_work: ProviderAtWork, ada: Person) -> None:
    pages: set[str] = set()
    for changes, expected in WRONG:
        response = await at_work.sign_in(**changes)
        assert await reason(ada.placement, response) == expected
        pages.add(response.text.replace(response.headers["x-request-id"], "REFERENCE"))
    assert len(pages) == 1
    assert await sessions(ada.provider_id) == 0


async def test_nobody_fills_an_audit_by_posting_nonsense(at_work: ProviderAtWork, ada: Person) -> None:
    before = len(await refusals(ada.placement))
    for _ in range(MOST_PER_MINUTE + 5):
        assert is_the_error_page(await at_work.post(b"nonsense"))
    assert len(await refusals(ada.placement)) == before + MOST_PER_MINUTE


async def test_s20_a_response_without_or_to_another_request_is_refused(at_work: ProviderAtWork, ada: Person) -> None:
    await at_work.depart()
    asked = at_work.request.get("ID")
    for changes, expected in (
        ({"in_response_to": None}, Refusal.SAML_UNSOLICITED),
        ({"in_response_to": "_unknown"}, Refusal.SAML_IN_RESPONSE_TO),
        ({"in_response_to": asked}, Refusal.SAML_IN_RESPONSE_TO),
        ({"confirmed_request": "_unknown"}, Refusal.SAML_IN_RESPONSE_TO),
        ({"confirmed_request": None}, Refusal.SAML_IN_RESPONSE_TO),
    ):
        await at_work.depart()
        assert await reason(ada.placement, await at_work.post(await at_work.answer(**changes))) == expected
    await at_work.depart()
    raw = await at_work.answer(in_response_to=None, confirmed_request=at_work.request.get("ID"))
    assert await reason(ada.placement, await at_work.post(raw)) == Refusal.SAML_IN_RESPONSE_TO


async def test_s20_a_response_to_another_browsers_request_is_refused(at_work: ProviderAtWork, ada: Person) -> None:
    """The attacker signs in as themselves, keeps the response, and has the victim's browser post it (J12 as well)."""
    await at_work.depart()
    raw, relay_state = await at_work.answer(), at_work.relay_state
    victim = ProviderAtWork(Browser(at_work.browser.authentication, at_work.browser.double), ada.provider_id)
    forced = await victim.post(raw, RelayState=relay_state)
    assert await reason(ada.placement, forced) == Refusal.ATTEMPT_MISSING
    await victim.depart()
    forced = await victim.post(raw, RelayState=relay_state)
    assert await reason(ada.placement, forced) == Refusal.SAML_RELAY_STATE
    await victim.depart()
    assert await reason(ada.placement, await victim.post(raw)) == Refusal.SAML_IN_RESPONSE_TO
    assert victim.browser.cookies == {}
    assert await sessions(ada.provider_id) == 0
    assert (await at_work.post(raw)).status_code == 303


async def test_s20_a_response_to_a_request_of_another_connection_is_refused(
    at_work: ProviderAtWork, ada: Person
) -> None:
    other = await add_connection(ada.placement, issuer=f"{ENTITY}/2", saml_metadata=metadata(f"{ENTITY}/2"))
    await at_work.depart(f"/auth/login?tenant={ACME}&provider={ada.provider_id}")
    crossed = ProviderAtWork(at_work.browser, other.id)
    crossed.request, crossed.relay_state = at_work.request, at_work.relay_state
    answer = await crossed.post(await crossed.answer(issuer=f"{ENTITY}/2"))
    assert await reason(ada.placement, answer) == Refusal.ATTEMPT_MISSING


async def test_s20_an_oidc_attempt_is_none_for_saml_and_the_other_way_round(
    at_work: ProviderAtWork, ada: Person
) -> None:
    await at_work.depart()
    cookie = at_work.browser.cookies[Cookie.SAML_SIGN_IN]
    stranger = Browser(at_work.browser.authentication, at_work.browser.double)
    path = f"/auth/callback?state={at_work.relay_state}&code=x"
    assert is_the_error_page(await stranger.get(path, Cookie=f"{Cookie.SIGN_IN}={cookie}"))
    assert await sessions(ada.provider_id) == 0


async def test_s22_a_response_counts_once_in_the_same_browser_and_in_others(
    at_work: ProviderAtWork, ada: Person
) -> None:
    await at_work.depart()
    raw, cookie = await at_work.answer(), at_work.browser.cookies[Cookie.SAML_SIGN_IN]
    assert (await at_work.post(raw)).status_code == 303
    other_answer = await at_work.answer()
    for played in (raw, raw, other_answer):
        at_work.browser.client.cookies.set(Cookie.SAML_SIGN_IN.value, cookie, domain="127.0.0.1")
        assert await reason(ada.placement, await at_work.post(played)) == Refusal.SAML_REPLAYED
    assert await sessions(ada.provider_id) == 1


async def test_s22_a_response_posted_many_times_at_once_makes_one_session(at_work: ProviderAtWork, ada: Person) -> None:
    await at_work.depart()
    raw = await at_work.answer()
    answers = await asyncio.gather(*(at_work.post(raw) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400, 400, 400]
    assert await sessions(ada.provider_id) == 1


async def test_s25_a_response_for_one_tenant_is_refused_at_another_with_the_same_provider(
    at_work: ProviderAtWork, ada: Person, globex: TenantPlacement
) -> None:
    twin = await add_connection(globex)
    await add_person(globex, EMAIL, twin.id)
    theirs = ProviderAtWork(at_work.browser, twin.id, tenant=GLOBEX)
    await theirs.depart()
    ours = ProviderAtWork(at_work.browser, ada.provider_id)
    ours.request, ours.relay_state = theirs.request, theirs.relay_state
    address = theirs.ours.assertion_consumer
    for changes, expected in (
        ({}, Refusal.SAML_DESTINATION),
        ({"audience": theirs.ours.entity_id}, Refusal.SAML_DESTINATION),
        ({"destination": address, "audience": theirs.ours.entity_id}, Refusal.SAML_RECIPIENT),
        ({"recipient": address, "destination": address}, Refusal.SAML_AUDIENCE),
    ):
        await theirs.depart()
        ours.request, ours.relay_state = theirs.request, theirs.relay_state
        assert await reason(globex, await theirs.post(await ours.answer(**changes))) == expected
    assert await sessions(twin.id) == 0


@pytest.mark.parametrize("method", ["acs", "metadata"])
async def test_s25_a_connection_is_nowhere_but_at_its_own_tenant(
    at_work: ProviderAtWork, ada: Person, globex: TenantPlacement, method: str
) -> None:
    oidc = await IdentityProvider.create(
        tenant_id=ada.placement.tenant_id, name="OIDC", issuer="https://x", client_id="x", enabled=True
    )

    async def answer(path: str) -> httpx2.Response:
        return await (at_work.browser.get(path) if method == "metadata" else at_work.post(b"<x/>", path=path))

    for tenant, connection in (
        (globex.slug, ada.provider_id),
        ("nobody", ada.provider_id),
        ("No-Slug", ada.provider_id),
        (ACME, uuid4()),
        (ACME, oidc.id),
        (ACME, "no-uuid"),
    ):
        assert (await answer(f"/saml/{tenant}/{method}/{connection}")).status_code == 404
    assert (await answer(f"/saml/{globex.slug}/{method}")).status_code == 404


async def test_s29_what_comes_along_leads_nowhere_and_is_not_shown(at_work: ProviderAtWork) -> None:
    for relay_state in (
        "https://evil.example",
        "//evil.example",
        "/docs",
        "'><script>alert(1)</script>",
        "x" * 3_000,
        "",
    ):
        await at_work.depart()
        answer = await at_work.post(await at_work.answer(), RelayState=relay_state)
        assert is_the_error_page(answer)
        assert "script" not in answer.text
        assert "evil" not in answer.text + str(answer.headers)


async def test_s29_our_own_state_is_opaque_and_short(at_work: ProviderAtWork) -> None:
    await at_work.depart(f"/auth/login?tenant={ACME}&next=/docs?q=secret")
    assert len(at_work.relay_state) <= 80
    assert "docs" not in at_work.relay_state


def form(raw: bytes, **more: str) -> dict[str, str]:
    return {"SAMLResponse": base64.b64encode(raw).decode()} | more


async def test_s16_what_is_no_form_with_one_message_is_refused(at_work: ProviderAtWork) -> None:
    await at_work.depart()
    client, path = at_work.browser.client, f"/saml/{ACME}/acs/{at_work.connection_id}"
    good, kind = await at_work.answer(), {"Content-Type": "application/x-www-form-urlencoded"}
    once = f"SAMLResponse={base64.urlsafe_b64encode(good).decode()}"
    for content, headers in (
        (b"", kind),
        (f"{once}&{once}".encode(), kind),
        (f"{once}&RelayState=a&RelayState=b".encode(), kind),
        (b"SAMLRequest=AAAA", kind),
        (f"{once}&SAMLRequest=AAAA".encode(), kind),
        (b"SAMLResponse=%", kind),
        (b"SAMLResponse=\xff", kind),
        (b"SAMLResponse=AAA", kind),
        (b"&".join(b"a%d=" % n for n in range(100)), kind),
        (b"SAMLResponse=AAAA", {"Content-Type": "application/json"}),
        (b"SAMLResponse=AAAA", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"SAMLResponse=AAAA", kind | {"Content-Encoding": "gzip"}),
        (b"SAMLResponse=AAAA", {}),
    ):
        assert is_the_error_page(await client.post(path, content=content, headers=headers))
    large = await client.post(path, content=b"SAMLResponse=" + b"A" * FORM_BYTES, headers=kind)
    assert (large.status_code, "Sign-in did not work" in large.text) == (413, True)
    assert (await at_work.browser.get(path)).status_code == 405


async def test_s16_the_largest_message_that_is_taken_fits_into_the_form(at_work: ProviderAtWork, ada: Person) -> None:
    await at_work.depart()
    answer = await at_work.post(b"<" + b"\xff" * (MAX_BYTES - 1))
    assert await reason(ada.placement, answer) == Refusal.SAML_ENCODING


async def test_s34_the_same_name_at_another_tenant_is_another_person(
    at_work: ProviderAtWork, ada: Person, globex: TenantPlacement
) -> None:
    await at_work.sign_in()
    twin = await add_connection(globex)
    other = await add_person(globex, "owner@globex.example", twin.id)
    theirs = ProviderAtWork(Browser(at_work.browser.authentication, at_work.browser.double), twin.id, tenant=GLOBEX)
    # Whom globex's provider calls "ada" has an address in acme's domain, which globex has not proved to be its own.
    assert await reason(globex, await theirs.sign_in()) == Refusal.EMAIL_UNVERIFIED
    assert await sessions(ada.provider_id) == 1
    async with tenant_scope(other.placement, authorization_version=None):
        assert await Member.filter(subject__isnull=False).count() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Ada"},
        {"name_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"},
        {"name_qualifier": "https://other.example"},
    ],
    ids=["case", "format", "qualifier"],
)
async def test_s34_a_name_that_differs_in_anything_finds_nobody(
    at_work: ProviderAtWork, ada: Person, changes: dict[str, Any]
) -> None:
    await at_work.sign_in()
    # The member has a name at the provider now, so the address finds them no more.
    assert await reason(ada.placement, await at_work.sign_in(**changes)) == Refusal.NO_SUCH_MEMBER
    assert await sessions(ada.provider_id) == 1


async def test_s35_a_new_member_gets_the_roles_of_the_list_and_never_the_top_one(
    at_work: ProviderAtWork, ada: Person
) -> None:
    groups = {"groups": "http://schemas.xmlsoap.org/claims/Group"}
    rules = [
        {"claim": "groups", "value": "readers", "role": "auditor"},
        {"claim": "groups", "value": "bosses", "role": "owner"},
        {"claim": "department", "value": "Sales", "role": "analyst"},
    ]
    assert {"owner", "auditor", "analyst"} <= BUILT_IN_ROLES.keys()
    await IdentityProvider.filter(id=ada.provider_id).update(
        provision_members=True, role_mapping=rules, claim_names=groups
    )
    said = (
        ("email", ("new@acme.example",)),
        (groups["groups"], ("readers", "bosses", "owner")),
        ("role", ("owner",)),
        ("department", ("Sales",)),
    )
    assert (await at_work.sign_in(name="new", attributes=said)).status_code == 303
    async with tenant_scope(ada.placement, authorization_version=None):
        made = await Member.get(email="new@acme.example")
        held = await RoleAssignment.filter(member_id=made.id).prefetch_related("role")
    assert sorted(each.role.key for each in held) == ["analyst", "auditor"]


async def test_s35_nobody_becomes_a_member_by_an_address_outside_the_tenants_domains(
    at_work: ProviderAtWork, ada: Person
) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(provision_members=True)
    assert await Domain.filter(tenant_id=ada.placement.tenant_id, name="globex.example").count() == 0
    foreign = (("email", ("new@globex.example",)),)
    assert (
        await reason(ada.placement, await at_work.sign_in(name="new", attributes=foreign)) == Refusal.EMAIL_UNVERIFIED
    )


async def test_a_connection_that_was_switched_off_on_the_way_is_refused(at_work: ProviderAtWork, ada: Person) -> None:
    await at_work.depart()
    await IdentityProvider.filter(id=ada.provider_id).update(enabled=False)
    answer = await at_work.post(await at_work.answer())
    assert await reason(ada.placement, answer) == Refusal.NO_IDENTITY_PROVIDER
    assert await sessions(ada.provider_id) == 0


async def test_an_inactive_member_is_refused(at_work: ProviderAtWork, ada: Person) -> None:
    await at_work.sign_in()
    async with tenant_scope(ada.placement, authorization_version=None):
        await Member.filter(id=ada.member_id).update(active=False)
    assert await reason(ada.placement, await at_work.sign_in()) == Refusal.MEMBER_INACTIVE
