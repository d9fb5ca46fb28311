"""What begins a transaction and pins it, in both forms in which PostgreSQL takes it.

As text it is one message by itself. As steps, whose statements PostgreSQL has prepared on the connection, it goes in
front of a transaction's first statement (``tenancy/pipelining.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_BEGIN: Final = "BEGIN"
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# In the order in which they are written: a role is looked for by name in no schema, so the order makes no difference.
_SETTINGS: Final = (
    "pg_catalog.set_config('search_path', $1, true) || pg_catalog.set_config('role', $2, true)"
    " || pg_catalog.set_config('statement_timeout', $3, true)"
    " || pg_catalog.set_config('idle_in_transaction_session_timeout', $4, true)"
)
_PIN: Final = f"SELECT ({_SETTINGS}) IS NULL"
# Left to itself PostgreSQL plans a prepared statement five times for its values before it considers to do it once.
_PIN_SETTLED: Final = (
    f"SELECT ({_SETTINGS} || pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)) IS NULL"
)
# A comment behind it gives each tenant one of its own where it pays (``Opening.mark``).
_CHECK: Final = "SELECT 1/(EXISTS(SELECT FROM authorization_state WHERE version = $1::int8))::int"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One statement and its parameters, as text. Like an opening's, each is told by what it is."""

    sql: str
    parameters: tuple[str, ...] = ()


END: Final = Step("COMMIT")


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """One way to begin. There is one object for each, so it can be told by what it is.

    Attributes:
        text: all of it, as one message.
        steps: all of it, as statements.
        mark: a comment that no other tenant has. PostgreSQL analyses a prepared statement anew whenever the search path
            is another one than the last time; behind this comment it is a statement that has one path for ever.
        own_steps: the same as ``steps``, in statements of the tenant's own.
        settled_steps: the same again, for a statement that need not be planned for its values.
    """

    text: str
    steps: tuple[Step, ...]
    mark: str = ""
    own_steps: tuple[Step, ...] = ()
    settled_steps: tuple[Step, ...] = ()


@lru_cache(maxsize=10_000)
def pinned_to_read(schema: str, role: str, authorization_version: int | None, statement_timeout_ms: int) -> Opening:
    """Begin a transaction of one tenant in which nothing can be written, and all statements see one snapshot.

    Args:
        schema: the tenant's, a generated name.
        role: the same.
        authorization_version: what the tenant's must be, if it counts.
        statement_timeout_ms: how long one statement may take; twice that is how long the transaction may idle.
    """
    return _pinned(_BEGIN_READING, schema, role, authorization_version, statement_timeout_ms)


@lru_cache(maxsize=10_000)
def pinned_to_write(schema: str, role: str, authorization_version: int | None, statement_timeout_ms: int) -> Opening:
    """Begin a transaction of one tenant that may write; see :func:`pinned_to_read`."""
    return _pinned(_BEGIN, schema, role, authorization_version, statement_timeout_ms)


def _pinned(
    begin: str, schema: str, role: str, authorization_version: int | None, statement_timeout_ms: int
) -> Opening:
    # Identifiers and numbers can't be parameters of these commands. TenantPlacement admits generated names only, and
    # the numbers are formatted as such, so nothing that a person typed can get here.
    # pg_temp is named, and last: unnamed it is searched first, and a temporary table would shadow the tenant's.
    search_path = f'"{schema}",pg_temp'
    idle_ms = 2 * statement_timeout_ms
    parts = [
        begin,
        f"SET LOCAL search_path TO {search_path}",
        f'SET LOCAL ROLE "{role}"',
        f"SET LOCAL statement_timeout={statement_timeout_ms:d}",
        f"SET LOCAL idle_in_transaction_session_timeout={idle_ms:d}",
    ]
    mark = f" /*{schema}*/"
    values = (search_path, role, str(statement_timeout_ms), str(idle_ms))
    steps, own_checks = [Step(begin), Step(_PIN, values)], []
    if authorization_version is not None:
        # Division by zero is the shortest way for plain SQL to fail; see TenantSession.explain.
        check = f"SELECT 1/(EXISTS(SELECT FROM authorization_state WHERE version={authorization_version:d}))::int"  # noqa: S608  # a number
        parts.append(check)
        steps.append(Step(_CHECK, (str(authorization_version),)))
        own_checks.append(Step(_CHECK + mark, (str(authorization_version),)))
    return Opening(
        ";".join(parts),
        tuple(steps),
        mark,
        own_steps=(*steps[:2], *own_checks),
        settled_steps=(steps[0], Step(_PIN_SETTLED, values), *own_checks),
    )


def plain(text: str) -> Opening:
    """Begin otherwise, by text alone."""
    return Opening(text, ())
