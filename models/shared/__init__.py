"""The tables that all tenants share: who they are, where their data is, and how their people sign in."""

from models.shared.client import Client
from models.shared.consumed_message import ConsumedMessage, ConsumedMessageKind
from models.shared.domain import Domain
from models.shared.identity_provider import IdentityProvider, IdentityProviderKind, SigningPolicy
from models.shared.operation import Operation, OperationAction, OperationEvent
from models.shared.personal_access_token import PersonalAccessToken
from models.shared.schema_state import SchemaState
from models.shared.scim_token import ScimToken
from models.shared.service_provider_key import ServiceProviderKey
from models.shared.session import Session, SessionKind
from models.shared.signing_key import SigningKey
from models.shared.support_grant import SupportGrant, SupportGrantStatus
from models.shared.tenant import Tenant, TenantStatus

__all__ = [
    "Client",
    "ConsumedMessage",
    "ConsumedMessageKind",
    "Domain",
    "IdentityProvider",
    "IdentityProviderKind",
    "Operation",
    "OperationAction",
    "OperationEvent",
    "PersonalAccessToken",
    "SchemaState",
    "ScimToken",
    "ServiceProviderKey",
    "Session",
    "SessionKind",
    "SigningKey",
    "SigningPolicy",
    "SupportGrant",
    "SupportGrantStatus",
    "Tenant",
    "TenantStatus",
]
