"""The tables that all tenants share: who they are, where their data is, and how their people sign in."""

from models.shared.identity_provider import IdentityProvider, IdentityProviderKind
from models.shared.schema_state import SchemaState
from models.shared.session import Session
from models.shared.signing_key import SigningKey
from models.shared.tenant import Tenant, TenantStatus

__all__ = [
    "IdentityProvider",
    "IdentityProviderKind",
    "SchemaState",
    "Session",
    "SigningKey",
    "Tenant",
    "TenantStatus",
]
