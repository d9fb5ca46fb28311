"""The plain executor: graphql-core's own, field by field and row by row, with a permission check in each resolver.

It shares the declarations with the engine and nothing else: no decision, no plan, no SQL. Where both answer alike, the
engine shows what a person would have written by hand, who has time for every row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
from graphql import (
    GraphQLObjectType,
    MiddlewareManager,
    OperationDefinitionNode,
    execute_sync,
    get_named_type,
    parse,
)
from graphql.execution.values import get_variable_values
from strawberry.utils.str_converters import to_snake_case

from auth.permissions import Permission
from models.shared import SupportGrantStatus
from models.tenant import Member, Role, RoleAssignment
from resolvers.reads import One, Page, Source
from schema.rules import FromColumn, FromColumns, FromKey, FromRead, FromSameRow
from tests.oracle.connections import connections, domains
from tests.oracle.denials import denials
from tests.oracle.objects import Connection, Edge, PageInfo, ViewerAnswer, made, row_of
from tests.oracle.reading import Reader, encode
from tests.oracle.refusals import refusals
from tests.oracle.rights import Rights
from tests.oracle.selected import Walk
from tests.oracle.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphql import DocumentNode, GraphQLResolveInfo
    from tortoise.models import Model

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.request import Request
    from schema.declarations import Declarations
    from schema.rules import FieldRule, Origin
    from tests.oracle.tenant_rows import Row, TenantRows


@dataclass(frozen=True)
class Answer:
    """What the oracle says.

    Attributes:
        data: finished JSON; ``None`` when the operation is refused.
        errors: entries of ``errors``.
        cases: how many rows were judged on the way.
    """

    data: bytes | None
    errors: tuple[dict[str, object], ...]
    cases: int


class Oracle:
    """Answers valid operations over one tenant's rows."""

    def __init__(self, declarations: Declarations, rows: TenantRows, cursors: Cursors) -> None:
        self._declarations = declarations
        self._rows = rows
        self._cursors = cursors

    def execute(self, request: Request, viewer: Viewer) -> Answer:
        """What the engine has to answer."""
        schema, document = self._declarations.schema, parse(request.document)
        operation = _operation(document, request.operation_name)
        values = get_variable_values(schema, operation.variable_definitions or (), dict(request.variables))
        assert not isinstance(values, list), values
        walk = Walk(schema, document, operation, values)
        rights = Rights(self._rows, self._declarations, viewer.grants)
        if refused := refusals(walk, values, self._declarations, rights):
            return Answer(None, tuple(refused), rights.cases)
        resolving = _Resolving(
            Reader(self._rows, self._declarations, rights, viewer, self._cursors),
            Visible(self._declarations, viewer.grants),
        )
        result = execute_sync(
            schema,
            document,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            middleware=MiddlewareManager(resolving),
        )
        assert result.errors is None, result.errors
        errors = denials(walk, self._declarations, rights, resolving.denied)
        return Answer(orjson.dumps(result.data), tuple(errors), rights.cases)


def _support_status(row: Row) -> SupportGrantStatus:
    now = datetime.now(UTC)
    match (row["approved_at"] is not None, row["ended_at"] is not None):
        case (False, True):
            return SupportGrantStatus.DENIED
        case (True, True):
            return SupportGrantStatus.ENDED
        case (True, False):
            return SupportGrantStatus.ACTIVE if row["expires_at"] > now else SupportGrantStatus.EXPIRED
    return SupportGrantStatus.PENDING if row["requested_at"] > now - timedelta(days=7) else SupportGrantStatus.EXPIRED


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    return next(each for each in operations if name is None or (each.name and each.name.value == name))


class _Resolving:
    """One execution.

    Attributes:
        denied: objects that lack a field, by its response keys and its object's type.
    """

    def __init__(self, reader: Reader, visible: Visible) -> None:
        self._reader = reader
        self._visible = visible
        self._declarations = reader.declarations
        self.denied: Counter[tuple[tuple[str, ...], str]] = Counter()

    def resolve(
        self,
        next_: Callable[..., object],
        source: object,
        info: GraphQLResolveInfo[Any],
        **arguments: Any,  # noqa: ANN401 - the field's arguments
    ) -> object:
        """Middleware around every resolver; those of the schema itself are called for introspection only."""
        type_name = info.parent_type.name
        if type_name.startswith("__") or info.field_name.startswith("__"):
            return self._visible.seen(next_(source, info, **arguments), source, info)
        rule = self._declarations.field(type_name, info.field_name)
        if not self._may(rule, source):
            path = tuple(key for key in info.path.as_list() if isinstance(key, str))
            self.denied[path, type_name] += 1
            return None
        return self._value(rule, source, info, arguments)

    def _may(self, rule: FieldRule, source: object) -> bool:
        model, row = row_of(source)
        rights = self._reader.rights
        holder = None if model is None else self._declarations.of_model(model)
        if rights.is_denied_whatever_the_row(rule, holder):
            return False
        return model is None or row is None or rights.holds(rule.requires, model, row)

    def _value(
        self, rule: FieldRule, source: object, info: GraphQLResolveInfo[Any], arguments: Mapping[str, Any]
    ) -> object:
        if isinstance(rule.origin, FromRead):
            return self._read(rule.origin, source, info, arguments)
        model, row = row_of(source)
        if model is not None and row is not None:
            return self._of_row(rule.origin, model, row, info)
        if source is None:
            roots: dict[str, Callable[[], object]] = {
                "viewer": self._viewer,
                "clients": self._clients,
                "supportAccess": self._support,
                "identityProviders": lambda: connections(self._reader.rows),
                "domains": lambda: domains(self._reader.rows),
                "scimTokens": self._scim_tokens,
            }
            return roots[info.field_name]()
        return getattr(source, to_snake_case(info.field_name))

    def _of_row(self, origin: Origin, model: type[Model], row: Row, info: GraphQLResolveInfo[Any]) -> object:
        if isinstance(origin, FromColumn):
            return row[origin.column]
        if isinstance(origin, FromKey):
            return encode(self._declarations.type_name(model), row)
        if isinstance(origin, FromColumns):
            return origin.compute(**{name: row[name] for name in origin.columns})
        assert isinstance(origin, FromSameRow)
        type_ = get_named_type(info.return_type)
        assert isinstance(type_, GraphQLObjectType)
        return made(type_, model, row)

    def _read(
        self,
        origin: FromRead,
        source: object,
        info: GraphQLResolveInfo[Any],
        arguments: Mapping[str, Any],
    ) -> object:
        read = origin.describe(Source())
        _, row = row_of(source)

        def above(column: str) -> object:
            return row[column] if row is not None else getattr(source, column)

        if isinstance(read, One):
            found = self._reader.one(read, above, arguments)
            return None if found is None else self._object(read.model, found)
        if isinstance(read, Page):
            return self._connection(read, info, above, arguments)
        given = arguments[read.argument]
        nodes = [self._reader.node(each) for each in (given if read.many else [given])]
        objects = [None if each is None else self._object(*each) for each in nodes]
        return objects if read.many else objects[0]

    def _connection(
        self, read: Page, info: GraphQLResolveInfo[Any], above: Callable[[str], object], arguments: Mapping[str, Any]
    ) -> object:
        page = self._reader.page(read, f"{info.parent_type.name}.{info.field_name}", above, arguments)
        nodes = [self._object(read.model, row) for row in page.rows]
        cursors = [page.cursor(row) for row in page.rows]
        return Connection(
            edges=[Edge(cursor, node) for cursor, node in zip(cursors, nodes, strict=True)],
            nodes=nodes,
            total_count=page.total,
            page_info=PageInfo(
                has_next_page=page.more,
                has_previous_page=page.continues,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
        )

    def _viewer(self) -> ViewerAnswer:
        caller = self._reader.viewer
        member = self._reader.rows.by_key(Member, caller.member_id)
        assert member is not None
        return ViewerAnswer(
            member_id=caller.member_id,
            full_name=member["full_name"],
            email=member["email"],
            tenant=caller.tenant.slug,
            permissions=sorted({*caller.grants.everywhere, *caller.grants.in_units}),
            personal_access_tokens=self._tokens(),
            sessions=self._sessions(),
        )

    def _tokens(self) -> list[object]:
        own = [row for row in self._reader.rows.tokens if row["member_id"] == self._reader.viewer.member_id]
        good = [row for row in own if row["revoked_at"] is None and row["expires_at"] > datetime.now(UTC)]
        return [SimpleNamespace(**row) for row in sorted(good, key=itemgetter("id"), reverse=True)]

    def _scim_tokens(self) -> list[object]:
        good = [
            row
            for row in self._reader.rows.scim_tokens
            if row["revoked_at"] is None and row["expires_at"] > datetime.now(UTC)
        ]
        return [SimpleNamespace(**row) for row in sorted(good, key=itemgetter("id"), reverse=True)]

    def _sessions(self) -> list[object]:
        viewer, now = self._reader.viewer, datetime.now(UTC)
        live = [
            row
            for row in self._reader.rows.sessions
            if row["member_id"] == viewer.member_id
            and row["kind"] == "member"
            and row["revoked_at"] is None
            and min(row["expires_at"], row["idle_expires_at"]) > now
        ]
        return [
            SimpleNamespace(
                **{**row, "expires_at": row["idle_expires_at"], "is_present": row["id"] == viewer.session_id}
            )
            for row in sorted(live, key=itemgetter("id"), reverse=True)
        ]

    def _support(self) -> list[object]:
        found: list[object] = []
        for row in sorted(self._reader.rows.support, key=itemgetter("id"), reverse=True):
            member = row["approved_by"] and encode("Member", {"id": row["approved_by"]})
            length = row["expires_at"] - (row["approved_at"] or row["requested_at"])
            shown = {
                "status": _support_status(row),
                "minutes": length.days * 24 * 60 + length.seconds // 60,
                "approved_by_id": member,
                "expires_at": row["expires_at"] if row["approved_at"] else None,
            }
            found.append(SimpleNamespace(**{**row, **shown}))
        return found

    def _clients(self) -> list[object]:
        rows = self._reader.rows
        found: list[object] = []
        for row in sorted(rows.clients, key=itemgetter("id"), reverse=True):
            unit = rows.keys[Member][row["member_id"]]["org_unit_id"]
            if not self._reader.rights.holds_in_unit(Permission.CLIENT_READ, unit):
                continue
            held = [each["role_id"] for each in rows.tables[RoleAssignment] if each["member_id"] == row["member_id"]]
            roles = sorted({rows.keys[Role][role_id]["key"] for role_id in held})
            method = "private_key_jwt" if row["jwks"] else "client_secret_basic"
            found.append(SimpleNamespace(**row, roles=roles, authentication_method=method))
        return found

    def _object(self, model: type[Model], row: Row) -> object:
        type_ = self._declarations.schema.type_map[self._declarations.type_name(model)]
        assert isinstance(type_, GraphQLObjectType)
        return made(type_, model, row)
