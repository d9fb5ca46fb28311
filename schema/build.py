"""The schema, built and verified."""

from __future__ import annotations

import strawberry

from schema.mutation import Mutation
from schema.query import Query
from schema.subscription import Subscription
from schema.verification import verify


def build_schema() -> strawberry.Schema:
    """The schema that the server serves, the SDL prints, and the tests read.

    Raises:
        schema.verification.SchemaRuleError: a declaration is missing or unsafe.
    """
    schema = strawberry.Schema(Query, mutation=Mutation, subscription=Subscription)
    verify(schema._schema)  # noqa: SLF001 - Strawberry has no public name for the schema it built
    return schema
