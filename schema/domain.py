from __future__ import annotations

import datetime

import strawberry

from auth.permissions import PUBLIC, Permission
from schema.fields import field, required_input_field
from schema.user_error import UserError


@strawberry.type(description="An e-mail domain that the tenant says is its own, and proves by a TXT record.")
class Domain:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True)
    name: str = field(requires=PUBLIC, attribute=True)
    verified_at: datetime.datetime | None = field(
        requires=PUBLIC, attribute=True, description="Since when the record has been there; null: it is not."
    )
    checked_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)
    record_name: str = field(requires=PUBLIC, attribute=True, description="Where the TXT record has to be.")
    record_value: str = field(requires=PUBLIC, attribute=True, description="What it has to say.")


@strawberry.input
class DomainAddInput:
    name: str = required_input_field(
        requires=Permission.DOMAIN_WRITE, description="Such as example.com; names beyond ASCII as A-labels (xn--…)."
    )


@strawberry.input
class DomainVerifyInput:
    id: strawberry.ID = required_input_field(requires=Permission.DOMAIN_WRITE)


@strawberry.input
class DomainRemoveInput:
    id: strawberry.ID = required_input_field(requires=Permission.DOMAIN_WRITE)


@strawberry.type
class DomainAddPayload:
    domain: Domain | None = field(requires=Permission.DOMAIN_READ, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class DomainVerifyPayload:
    domain: Domain | None = field(requires=Permission.DOMAIN_READ, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class DomainRemovePayload:
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
