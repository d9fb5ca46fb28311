"""The GraphQL of the documentation, run as it stands by somebody who may."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest

from auth.sso.connection_staging import prove
from auth.support.grant import request_support
from models.shared import Domain, IdentityProvider
from models.tenant import Role
from schema.build import build_schema
from schema.declarations import Declarations
from schema.mutation import FRESH
from tenancy.scope import tenant_scope
from tests.mutations.firm import global_id
from tests.mutations.test_session import begun

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.auth.name_server import NameServer
    from tests.mutations.firm import Firm

DOCS: Final = Path(__file__).parent.parent.parent / "docs"
PAGES: Final = ("sessions.md", "oauth-clients.md", "support-access.md", "audit.md", "sso/graphql.md")


def blocks(page: str) -> list[str]:
    return re.findall(r"```graphql\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


async def known(firm: Firm, owner: Viewer) -> dict[str, str]:
    """What the variables of the examples stand for, before the first of them has made anything."""
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        role = await Role.get(key="auditor")
    async with tenant_scope(firm.placement, authorization_version=None):
        request = await request_support(firm.placement.tenant_id, "ops@example.com", "Case 7", 2)
    return {
        "role": global_id("Role", role.id),
        "member": global_id("Member", (await firm.member()).member_id),
        "request": str(request.id),
        "session": str(await begun(owner)),
    }


@pytest.mark.parametrize("page", PAGES)
async def test_every_example_does_what_it_says(firm: Firm, owner: Viewer, name_server: NameServer, page: str) -> None:
    values, examples = await known(firm, owner), blocks(page)
    assert len(examples) >= 2
    for example in examples:
        named = re.findall(r"\$(\w+): ID!", example)
        answer = await firm.ask(owner, example, **{name: values[name] for name in named})
        assert answer.errors == [], example
        assert answer.data is not None
        payload: Any = next(iter(answer.data.values()))
        if example.startswith("mutation"):
            assert payload["userErrors"] == [], example
            # What one example has made is what the next one is about.
            values |= {"client": (payload.get("client") or {}).get("id") or values.get("client", "")}
            values |= {"token": (payload.get("personalAccessToken") or {}).get("id") or values.get("token", "")}
            values |= await by_hand(firm, name_server, payload)
    for model in (IdentityProvider, Domain):
        await model.filter(tenant_id=firm.placement.tenant_id).delete()


async def by_hand(firm: Firm, name_server: NameServer, payload: dict[str, Any]) -> dict[str, str]:
    """What a person does between two examples: a dry run, a record in the zone."""
    connection, domain = payload.get("identityProvider") or {}, payload.get("domain") or {}
    if "id" in connection:
        await prove(firm.placement, UUID(connection["id"]), revision=1)
        return {"connection": connection["id"]}
    if "id" in domain:
        name_server.records[f"{domain['recordName']}."] = [domain["recordValue"]]
        return {"domain": domain["id"]}
    return {}


def test_the_page_names_what_takes_a_recent_sign_in() -> None:
    """Each, with its seconds, and no other."""
    _, _, rest = (DOCS / "sessions.md").read_text(encoding="utf-8").partition("## What takes a recent sign-in")
    listed = re.findall(r"^- `(\w+)`$", rest, re.MULTILINE)
    mutations = build_schema()._schema.mutation_type  # noqa: SLF001 - Strawberry has no public name for it
    assert mutations is not None
    declarations = Declarations(build_schema()._schema)  # noqa: SLF001 - as above
    rules = {name: declarations.field(mutations.name, name) for name in mutations.fields}
    assert listed == sorted(name for name, rule in rules.items() if rule.authenticated_within == FRESH)
    assert {rule.authenticated_within for rule in rules.values()} == {None, FRESH}
