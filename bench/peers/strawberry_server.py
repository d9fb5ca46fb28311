"""Strawberry as people write it: a permission class on every field, data loaders, Tortoise.

One thing is kinder than usual: a denied field is null without an error for each row, which costs Strawberry much less
than its default does.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.permission import BasePermission, PermissionExtension
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from models import tenant as models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

_READER: Final = frozenset({"company:read", "contact:read", "onboarding_case:read", "company:write"})
_PERMISSIONS: Final = {
    "owner": _READER | {"company:read_tax", "company:read_financials"},
    "analyst": _READER,
    "auditor": _READER | {"company:read_tax", "company:read_financials"},
}


@dataclass
class Caller:
    permissions: frozenset[str]
    units: list[UUID]


# Token to caller: what a verified token's cache would say.
CALLERS: Final = {
    f"Bearer {token}": Caller(_PERMISSIONS[caller["role"]], [UUID(unit) for unit in caller["units"]])
    for token, caller in json.loads(os.environ["BENCH_CALLERS"]).items()
}


@dataclass
class Context:
    caller: Caller
    contacts: DataLoader[UUID, list[models.Contact]]
    cases: DataLoader[UUID, list[models.OnboardingCase]]


Info = strawberry.Info[Context, None]


class _May(BasePermission):
    message = "You may not read this."
    permission: str

    async def has_permission(self, source: object, info: strawberry.Info, **_: object) -> bool:  # noqa: ARG002 - Strawberry's signature
        caller: Caller = info.context.caller
        return self.permission in caller.permissions


class ReadCompany(_May):
    permission = "company:read"


class ReadTax(_May):
    permission = "company:read_tax"


class ReadFinancials(_May):
    permission = "company:read_financials"


class WriteCompany(_May):
    permission = "company:write"


class ReadContact(_May):
    permission = "contact:read"


class ReadCase(_May):
    permission = "onboarding_case:read"


def _quiet(permission: _May) -> list[Any]:
    return [PermissionExtension(permissions=[permission], fail_silently=True)]


@strawberry.type
class Contact:
    id: strawberry.ID = strawberry.field(permission_classes=[ReadContact])
    full_name: str = strawberry.field(permission_classes=[ReadContact])
    job_title: str | None = strawberry.field(permission_classes=[ReadContact])
    email: str | None = strawberry.field(permission_classes=[ReadContact])


@strawberry.type
class OnboardingCase:
    id: strawberry.ID = strawberry.field(permission_classes=[ReadCase])
    title: str = strawberry.field(permission_classes=[ReadCase])
    state: str = strawberry.field(permission_classes=[ReadCase])
    due_on: str | None = strawberry.field(permission_classes=[ReadCase])


@strawberry.type
class Company:
    id: strawberry.ID = strawberry.field(permission_classes=[ReadCompany])
    name: str = strawberry.field(permission_classes=[ReadCompany])
    legal_name: str | None = strawberry.field(permission_classes=[ReadCompany])
    status: str = strawberry.field(permission_classes=[ReadCompany])
    sector: str | None = strawberry.field(permission_classes=[ReadCompany])
    founded_year: int | None = strawberry.field(permission_classes=[ReadCompany])
    tax_id: str | None = strawberry.field(extensions=_quiet(ReadTax()))
    credit_limit: str | None = strawberry.field(extensions=_quiet(ReadFinancials()))
    version: int = strawberry.field(permission_classes=[ReadCompany])

    @strawberry.field(permission_classes=[ReadContact])
    async def contacts(self, info: Info, first: int) -> list[Contact]:
        rows = await info.context.contacts.load(UUID(self.id))
        return [
            Contact(id=strawberry.ID(str(row.id)), full_name=row.full_name, job_title=row.job_title, email=row.email)
            for row in rows[:first]
        ]

    @strawberry.field(permission_classes=[ReadCase])
    async def onboarding_cases(self, info: Info, first: int) -> list[OnboardingCase]:
        rows = await info.context.cases.load(UUID(self.id))
        return [
            OnboardingCase(
                id=strawberry.ID(str(row.id)),
                title=row.title,
                state=row.state.value,
                due_on=row.due_on.isoformat() if row.due_on else None,
            )
            for row in rows[:first]
        ]


def _company(row: models.Company) -> Company:
    return Company(
        id=strawberry.ID(str(row.id)),
        name=row.name,
        legal_name=row.legal_name,
        status=row.status.value,
        sector=row.sector,
        founded_year=row.founded_year,
        tax_id=row.tax_id,
        credit_limit=None if row.credit_limit is None else str(row.credit_limit),
        version=row.version,
    )


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[ReadCompany])
    async def company(self, info: Info, id: strawberry.ID) -> Company | None:  # noqa: A002 - the argument's name in GraphQL
        found = models.Company.filter(id=UUID(id))
        if info.context.caller.units:
            found = found.filter(org_unit_id__in=info.context.caller.units)
        row = await found.first()
        return None if row is None else _company(row)

    @strawberry.field(permission_classes=[ReadCompany])
    async def companies(
        self,
        info: Info,
        first: int,
        offset: int = 0,
        status: str | None = None,
        by_name: bool = False,  # noqa: FBT001, FBT002 - arguments of GraphQL
    ) -> list[Company]:
        found = models.Company.all().order_by(*(("name", "id") if by_name else ("id",)))
        if status is not None:
            found = found.filter(status=models.CompanyStatus(status))
        if info.context.caller.units:
            found = found.filter(org_unit_id__in=info.context.caller.units)
        return [_company(row) for row in await found.offset(offset).limit(first)]


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[WriteCompany])
    async def company_update(self, id: strawberry.ID, version: int, sector: str) -> Company | None:  # noqa: A002 - as above
        async with in_transaction():
            row = await models.Company.filter(id=UUID(id), version=version).select_for_update().first()
            if row is None:
                return None
            row.sector, row.version = sector, version + 1
            await row.save(update_fields=["sector", "version", "updated_at"])
        return _company(row)


async def _by_company(model: type[models.Contact | models.OnboardingCase], keys: list[UUID]) -> list[list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await model.filter(company_id__in=keys).order_by("id"):
        found[row.company_id].append(row)
    return [found[key] for key in keys]


class _Endpoint(GraphQL[Context, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002 - Strawberry's signature
        return Context(
            CALLERS[request.headers["authorization"]],
            DataLoader(partial(_by_company, models.Contact)),
            DataLoader(partial(_by_company, models.OnboardingCase)),
        )


@asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    environment = os.environ
    credentials = {
        "host": environment["PGHOST"],
        "port": int(environment["PGPORT"]),
        "user": environment["PGUSER"],
        "password": environment.get("PGPASSWORD"),
        "database": environment["PGDATABASE"],
        "maxsize": 16,
        "server_settings": {"search_path": environment["BENCH_TABLES"]},
    }
    await Tortoise.init(
        {
            "connections": {"tenant": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
            "apps": {"tenant": {"models": ["models.tenant"], "default_connection": "tenant"}},
        },
        _enable_global_fallback=True,
    )
    yield
    await Tortoise.close_connections()


app = Starlette(
    routes=[Route("/graphql", _Endpoint(strawberry.Schema(Query, Mutation)))],
    lifespan=_lifespan,
)
