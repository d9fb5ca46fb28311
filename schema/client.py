from __future__ import annotations

import datetime

import strawberry
from strawberry.scalars import JSON

from auth.permissions import PUBLIC, Permission
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError


@strawberry.type(description="A partner's program. It gets tokens by OAuth 2 client credentials.")
class Client:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True, description="What OAuth calls client_id.")
    name: str = field(requires=PUBLIC, attribute=True)
    enabled: bool = field(requires=PUBLIC, attribute=True)
    scopes: list[str] | None = field(
        requires=PUBLIC, attribute=True, description="Permissions that its roles are cut down to; null: nothing is cut."
    )
    roles: list[str] | None = field(
        requires=Permission.ROLE_READ, attribute=True, description="The keys of the roles that it holds."
    )
    authentication_method: str = field(
        requires=PUBLIC, attribute=True, description="client_secret_basic or private_key_jwt."
    )
    created_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    expires_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)
    last_used_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)
    previous_secret_expires_at: datetime.datetime | None = field(
        requires=PUBLIC, attribute=True, description="Until when the secret is good that was replaced last."
    )


@strawberry.input
class ClientCreateInput:
    name: str = required_input_field(requires=Permission.CLIENT_WRITE)
    role_id: strawberry.ID = required_input_field(
        requires=Permission.CLIENT_WRITE, description="The role that it holds. It may do nothing that you may not."
    )
    org_unit_id: strawberry.ID | None = input_field(
        requires=Permission.CLIENT_WRITE, description="Where it holds the role, with all below; without: everywhere."
    )
    scopes: list[str] | None = input_field(
        requires=Permission.CLIENT_WRITE, description="Permissions to cut the role down to."
    )
    keys: JSON | None = input_field(
        requires=Permission.CLIENT_WRITE, description="A JWK set of its public keys, instead of a secret."
    )


@strawberry.input
class ClientRotateSecretInput:
    id: strawberry.ID = required_input_field(requires=Permission.CLIENT_WRITE)


@strawberry.input
class ClientSetEnabledInput:
    id: strawberry.ID = required_input_field(requires=Permission.CLIENT_WRITE)
    enabled: bool = required_input_field(requires=Permission.CLIENT_WRITE)


@strawberry.type
class ClientCreatePayload:
    client: Client | None = field(requires=PUBLIC, attribute=True)
    secret: str | None = field(requires=PUBLIC, attribute=True, description="Now, and never again. Null: it has keys.")
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class ClientRotateSecretPayload:
    client: Client | None = field(requires=PUBLIC, attribute=True)
    secret: str | None = field(
        requires=PUBLIC, attribute=True, description="Now, and never again. The one before is good for another day."
    )
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class ClientSetEnabledPayload:
    client: Client | None = field(requires=PUBLIC, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
