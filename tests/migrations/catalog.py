"""A schema as PostgreSQL's catalogue describes it, in a form that can be compared with another schema's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

_QUERIES = {
    "columns": """
        SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attidentity
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped""",
    "constraints": """
        SELECT c.relname, conname, contype, pg_get_constraintdef(k.oid), convalidated, condeferrable, confdeltype
        FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid WHERE connamespace = $1::regnamespace""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname::regnamespace = $1::regnamespace""",
    "triggers": """
        SELECT c.relname, tgname, pg_get_triggerdef(t.oid), tgenabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE relnamespace = $1::regnamespace AND NOT tgisinternal""",
    "functions": """
        SELECT proname, prosrc, prosecdef, proconfig::text FROM pg_proc WHERE pronamespace = $1::regnamespace""",
    "sequences": """
        SELECT relname, seqstart, seqincrement, seqcycle FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
        WHERE relnamespace = $1::regnamespace""",
    "privileges": """
        SELECT relname, privilege_type, grantee::regrole::text
        FROM pg_class, LATERAL aclexplode(relacl) WHERE relnamespace = $1::regnamespace AND grantee <> relowner""",
}

#: What Tortoise's models can describe.
MODELLED = ("columns", "constraints", "indexes")

Catalogue = dict[str, set[tuple[object, ...]]]


async def catalogue_of(connection: asyncpg.Connection, schema: str, *, role: str = "") -> Catalogue:
    """Everything in the schema that decides what it holds and does. The schema's and the role's own names are left out.

    The order of columns is left out as well: a migration can only add at the end.
    """

    def anonymous(value: object) -> object:
        if not isinstance(value, str):
            return value
        for name, stand_in in ((schema, "<schema>"), (role, "<role>")):
            value = value.replace(name, stand_in) if name else value
        return value

    return {
        kind: {tuple(anonymous(value) for value in row) for row in await connection.fetch(query, schema)}
        for kind, query in _QUERIES.items()
    }
