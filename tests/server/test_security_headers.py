from __future__ import annotations

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from server.security_headers import SecurityHeadersMiddleware
from tests.server.wire import ORIGIN, wire


async def headers_of(response: PlainTextResponse, *, https: bool) -> httpx2.Headers:
    transport = httpx2.ASGITransport(SecurityHeadersMiddleware(response, https=https))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        return (await client.get("/")).headers


@pytest.mark.parametrize("https", [True, False])
async def test_every_answer_is_guarded(https: bool) -> None:  # noqa: FBT001 - a case of the test
    headers = await headers_of(PlainTextResponse(""), https=https)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert ("strict-transport-security" in headers) == https


async def test_a_page_keeps_its_own_policy_and_still_gets_the_rest() -> None:
    page = PlainTextResponse("", headers={"Content-Security-Policy": "script-src 'self'; frame-ancestors 'none'"})
    headers = await headers_of(page, https=False)
    assert headers.get_list("content-security-policy") == ["script-src 'self'; frame-ancestors 'none'"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_refusals_and_faults_are_guarded_too() -> None:
    for gate in (wire(), wire(ValueError())):
        for response in (await gate.post(), await gate.client.put("/graphql")):
            assert response.headers["x-content-type-options"] == "nosniff"
