"""A tenant with several providers has its people choose, among its own and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.shared import IdentityProvider
from tests.auth.provider_double import ISSUER

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person


async def test_several_providers_are_offered_by_name(browser: Browser, member: Person) -> None:
    second = await IdentityProvider.create(
        tenant_id=member.placement.tenant_id, name="<b>Second</b>", issuer="https://second.example", client_id="x"
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
