"""Asks the question of ``docs/add-a-field.md`` in a checkout to which the page's steps have been applied.

Run as a program there, because the code that it asks is not the code of the tests:
``python -m tests.acceptance.add_a_field_question DATABASE_URL DOCUMENT``
"""

from __future__ import annotations

import asyncio
import sys
from uuid import uuid4

import orjson
from pydantic import SecretStr

from auth.grants import Grants
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.viewer import Viewer
from engine.engine import Engine
from engine.request import Request
from models.tenant import Company, OrgUnit
from schema.build import build_schema
from settings import DEVELOPMENT_KEY, Settings
from tenancy.database import open_database
from tenancy.migration import migrate_shared
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope


async def ask(database_url: str, document: str) -> dict[str, object]:
    """The answers to an owner and to an analyst, over two companies with a number of employees."""
    settings = Settings(
        environment="development",
        database_url=SecretStr(database_url),
        key_encryption_key=SecretStr(DEVELOPMENT_KEY),
    )
    await migrate_shared(database_url)
    database = await open_database(settings)
    tenant = await create_tenant(database, "newcomer", "Newcomer", built_in_roles=BUILT_IN_ROLES)
    async with tenant_scope(tenant, authorization_version=None):
        unit = await OrgUnit.create(name="Acme")
        for name, count in (("One", 10), ("Two", 20)):
            await Company.create(name=name, org_unit=unit, employee_count=count)
    engine = Engine(build_schema(), settings)
    answers: dict[str, object] = {}
    for role in ("owner", "analyst"):
        async with tenant_scope(tenant, authorization_version=None) as session:
            ((version,),) = await session.fetch("SELECT version FROM authorization_state")
        grants = Grants(everywhere=BUILT_IN_ROLES[role] & set(Permission), in_units={})
        viewer = Viewer(tenant, uuid4(), uuid4(), grants, version)
        result = await engine.execute(Request(document, request_id="add-a-field"), viewer)
        answers[role] = {"data": orjson.loads(result.data or b"null"), "errors": result.errors}
    await database.close()
    return answers


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(ask(sys.argv[1], sys.argv[2]))))
