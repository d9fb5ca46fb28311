"""``fieldgate permissions``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from auth.permissions import Permission
from auth.tenant_roles import tenant_roles
from cli.__main__ import main
from models.tenant import Role, RoleInclusion
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    import pytest

    from tenancy.placement import TenantPlacement


def test_the_matrix_names_the_roles_that_hold_each_fields_permission(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "matrix", "--json"]) == 0
    rows = {row["field"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["Company.taxId"] == {
        "field": "Company.taxId",
        "permission": "company:read_tax",
        "roles": ["owner", "auditor"],
    }
    assert rows["Company.name"]["roles"] == ["owner", "auditor", "analyst", "approver"]
    assert rows["CompanyFilter.taxId"]["permission"] == "company:read_tax"


async def test_an_own_role_holds_what_the_roles_it_includes_hold(tenants: dict[str, TenantPlacement]) -> None:
    async with tenant_scope(tenants["acme"], authorization_version=None):
        analyst = await Role.get(key="analyst")
        lead = await Role.create(key="lead", name="Lead", permissions=["company:read_tax", "company:no_such_thing"])
        chief = await Role.create(key="chief", name="Chief")
        inclusions = [
            await RoleInclusion.create(role=lead, included=analyst),
            await RoleInclusion.create(role=chief, included=lead),
            await RoleInclusion.create(role=lead, included=chief),
        ]
        held = await tenant_roles()
        for each in (*inclusions, lead, chief):
            await each.delete()
    assert held["chief"] == held["analyst"] | {Permission.COMPANY_READ_TAX}
    assert held["lead"] == held["chief"]
