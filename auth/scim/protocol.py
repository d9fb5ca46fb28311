"""What we say about ourselves in SCIM, and the bounds of what we take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    InvalidFilterException,
    InvalidValueException,
    Mutability,
    MutabilityException,
    Pagination,
    Patch,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.service import ScimService
from scim2_server.utils import load_default_resource_types, load_default_schemas

from auth.scim.comparison import comparison_key
from auth.sealing import Purpose, derived_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scim2_models import Attribute, PatchOp, ResourceType, Schema

    from settings import Settings

BODY_BYTES: Final = 1_048_576
BULK_OPERATIONS: Final = 1000
PAGE_ROWS: Final = 500
FILTER_CHARACTERS: Final = 4096
PATCH_OPERATIONS: Final = 1000

_CURSOR_SECONDS: Final = 3600

# Nobody signs in here with a password, and what we don't keep we don't offer to.
_NOT_KEPT: Final = frozenset({"password", "photos", "entitlements", "x509Certificates"})
# People are given roles here, or through groups; a provider that could set them would decide who owns the tenant.
_OURS: Final = frozenset({"roles", "groups"})
_NOT_PATCHED: Final = frozenset({"id", "meta", "schemas", *_OURS})

_CONFIG: Final = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=True, max_operations=BULK_OPERATIONS, max_payload_size=BODY_BYTES),
    filter=Filter(supported=True, max_results=PAGE_ROWS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    pagination=Pagination(
        cursor=True,
        index=True,
        default_pagination_method=Pagination.DefaultPaginationMethod.index,
        default_page_size=100,
        max_page_size=PAGE_ROWS,
        cursor_timeout=_CURSOR_SECONDS,
    ),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer token",
            description="A token that the tenant's administrator makes for this connection.",
            primary=True,
        )
    ],
)

# What Entra ID sends and the standard doesn't know: attributes of its own, values beside a removal, entries that a
# filter describes and that are not there yet.
_POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    comparison_key=comparison_key,
)


def build_provider() -> ScimProvider:
    """Our resource types, schemas and configuration."""
    schemas = load_default_schemas()
    for schema in schemas.values():
        _keep_what_is_kept(schema)
    return ScimProvider.from_discovery(
        schemas.values(), load_default_resource_types().values(), config=_CONFIG, policy=_POLICY
    )


def build_service(settings: Settings) -> BoundedService:
    """The protocol, with the key that its cursors are sealed with."""
    return BoundedService(build_provider(), secret=derived_key(settings, Purpose.SCIM_CURSOR))


class BoundedService(ScimService):
    """The library's protocol, with bounds that it leaves to its user."""

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> Any:  # noqa: ANN401 - the library's
        """Refuse a filter that is longer than any that means something, before it is parsed.

        Raises:
            InvalidFilterException: it is.
        """
        if isinstance(payload, dict):
            for name, value in payload.items():
                if name.casefold() in {"filter", "sortby"} and len(str(value)) > FILTER_CHARACTERS:
                    raise InvalidFilterException(detail=f"longer than {FILTER_CHARACTERS} characters")
        return super().read_search(resource_types, payload)

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> PatchOp[Any]:
        """Refuse what no caller may change, and more operations than one request may hold.

        Raises:
            MutabilityException: a path leads to something that is ours.
            InvalidValueException: too many operations.
        """
        patch = super().read_patch(resource_type, body, content_type)
        _check_patch(patch)
        return patch

    def apply_patch(self, current: Any, patch_op: PatchOp[Any], conditions: Any) -> Any:  # noqa: ANN401 - as above
        """The same for an operation of a bulk request, which is not read by itself.

        Raises:
            MutabilityException: as above.
            InvalidValueException: as above.
        """
        _check_patch(patch_op)
        return super().apply_patch(current, patch_op, conditions)


def _check_patch(patch: PatchOp[Any]) -> None:
    operations = patch.operations or []
    if len(operations) > PATCH_OPERATIONS:
        raise InvalidValueException(detail=f"more than {PATCH_OPERATIONS} operations")
    for operation in operations:
        path = str(operation.path or "")
        if len(path) > FILTER_CHARACTERS:
            raise InvalidValueException(detail=f"a path longer than {FILTER_CHARACTERS} characters")
        attribute = path.partition("[")[0].rpartition(":")[2].partition(".")[0].casefold()
        if attribute in _NOT_PATCHED:
            raise MutabilityException(detail=f"{attribute} cannot be changed")


def _keep_what_is_kept(schema: Schema) -> None:
    schema.attributes = [attribute for attribute in schema.attributes or [] if attribute.name not in _NOT_KEPT]
    for attribute in schema.attributes:
        if attribute.name in _OURS:
            _make_read_only([attribute])
        for part in attribute.sub_attributes or []:
            # A group of groups would be a second way to grant roles.
            if attribute.name == "members" and part.name == "$ref":
                part.reference_types = ["User"]
        if attribute.name == "members":
            # A member has one name, and it is the member's own resource that says which.
            attribute.sub_attributes = [part for part in attribute.sub_attributes or [] if part.name != "display"]


def _make_read_only(attributes: Iterable[Attribute]) -> None:
    for attribute in attributes:
        attribute.mutability = Mutability.read_only
        _make_read_only(attribute.sub_attributes or [])
