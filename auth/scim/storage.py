"""One tenant's members and groups, as the SCIM library reads and writes them: each operation in its own transaction."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from scim2_models import UniquenessException
from scim2_server.storage import AsyncScimStorage, SearchPage
from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid7

from auth.audit import Actor, AuditSubject, record
from auth.scim.groups import create_group, delete_group, group_named, update_group
from auth.scim.identifier import identifier
from auth.scim.ownership import one_at_a_time
from auth.scim.reading import Reading
from auth.scim.refusal import ProvisioningRefusedError
from auth.scim.search import search
from auth.scim.users import create_member, delete_member, member_named, update_member
from models.tenant import AuditActorKind
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from scim2_models import Resource, ResourceType, ResponseParameters, ScimProvider, SearchRequest

    from models.shared import IdentityProvider
    from tenancy.placement import TenantPlacement


class TenantStorage(AsyncScimStorage):
    """What one request may see and change: the tenant of its token."""

    supports_cursors = True

    def __init__(
        self,
        provider: ScimProvider,
        placement: TenantPlacement,
        identity_provider: IdentityProvider,
        request_id: str | None = None,
    ) -> None:
        self._reading = Reading(provider)
        self._placement = placement
        self._identity_provider = identity_provider
        self._request_id = request_id
        self._open = False

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        """One transaction in the tenant. What is refused in it is undone, and its audit is written after."""
        if self._open:
            yield
            return
        self._open = True
        try:
            # The provider acts by its token, not by anybody's grants.
            async with tenant_scope(self._placement, authorization_version=None):
                yield
        except ProvisioningRefusedError as refused:
            async with tenant_scope(self._placement, authorization_version=None):
                await self._record(refused.action, refused.subject_kind, refused.subject_id)
            raise
        except IntegrityError as failure:
            raise UniquenessException(detail="a value is taken") from failure
        finally:
            self._open = False

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """See the library's contract; so for all of these."""
        excluded = {str(path) for path in (response_parameters and response_parameters.excluded_attributes) or []}
        async with self.operation():
            named = member_named if resource_type.id == "User" else group_named
            row = await named(identifier(resource_id))
            return await self._resource(resource_type, row, related=not excluded & {"members", "groups"})

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: object = None
    ) -> SearchPage:
        """One page of what matches."""
        async with self.operation():
            return await search(self._reading, resource_types, search_request, position)

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """A new member or group."""
        async with self.operation():
            await one_at_a_time()
            make = create_member if resource_type.id == "User" else create_group
            row = await make(resource, self._identity_provider, uuid7())
            await self._record("scim:create", _kind(resource_type), row.id)
            return await self._resource(resource_type, row)

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """A member's or group's new state."""
        async with self.operation():
            await one_at_a_time()
            key = identifier(str(resource.id))
            if resource_type.id == "User":
                row: Any = await update_member(resource, expected_version, key)
                await self._record("scim:update", "member", row.id, active=row.active)
            else:
                row = await update_group(resource, self._identity_provider, expected_version, key)
                await self._record("scim:update", "member_group", row.id)
            return await self._resource(resource_type, row)

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """A member is deactivated and forgotten by SCIM; a group is removed."""
        async with self.operation():
            await one_at_a_time()
            remove = delete_member if resource_type.id == "User" else delete_group
            row = await remove(identifier(resource_id), expected_version)
            await self._record("scim:delete", _kind(resource_type), row.id)

    async def _resource(self, resource_type: ResourceType, row: object, *, related: bool = True) -> Resource[Any]:
        (resource,) = await self._reading.resources(resource_type, [row], related=related)
        return resource

    async def _record(self, action: str, subject_kind: str, subject_id: UUID, **details: object) -> None:
        actor = Actor(AuditActorKind.IDENTITY_PROVIDER, self._identity_provider.id)
        subject = AuditSubject(subject_kind, subject_id)
        await record(actor, action, subject, details=details, request_id=self._request_id)


def _kind(resource_type: ResourceType) -> str:
    return "member" if resource_type.id == "User" else "member_group"
