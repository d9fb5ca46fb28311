"""Why the way to a tenant's data is refused. None of these is ever answered by trying another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg


class NoTenantError(Exception):
    """A tenant's table was asked for where there is no tenant: outside a scope, or in one that is not this task's."""


class ScopeClosedError(NoTenantError):
    """A task outlived the scope that it was started in. Await it inside the scope."""


class StaleAuthorizationError(Exception):
    """The caller's grants were resolved at another authorization version. Nothing has been read or written yet."""


class TransactionLostError(Exception):
    """The transaction ended, or can't be committed, so nothing of it was kept."""


class NotWrittenError(Exception):
    """A statement that was to be a transaction of its own has changed nothing. It may be tried again in another way."""


class SentAheadError(Exception):
    """What was sent ahead failed, so nothing that came after it counts.

    Attributes:
        problem: what PostgreSQL said.
    """

    def __init__(self, problem: asyncpg.PostgresError) -> None:
        super().__init__(type(problem).__name__)
        self.problem = problem


class UnknownTenantError(LookupError):
    """No such tenant, or one that is not served now. Deliberately the same for both."""


class DatabaseUnsafeError(Exception):
    """The database is set up so that a forgotten tenant would not be noticed. The message says what to change."""


class NotMigratedError(Exception):
    """The database lacks tables of this release. The message says what to run."""
