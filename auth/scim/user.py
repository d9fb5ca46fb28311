"""A member as a SCIM User, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scim2_models import InvalidValueException, Meta

from auth.scim.comparison import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scim2_models import Resource

    from models.tenant import Member, MemberGroup

_COLUMNS: Final = frozenset({"id", "schemas", "meta", "userName", "externalId", "active", "groups", "roles"})
_LONGEST: Final = {"email": 320, "user_name": 320, "user_name_key": 640, "full_name": 200, "external_id": 255}


def version_of(row: Member | MemberGroup) -> str:
    """The entity tag of a row."""
    return f'W/"{row.version}"'


def meta_of(row: Member | MemberGroup, resource_type: str) -> Meta:
    """When a row was made and changed."""
    return Meta(
        resource_type=resource_type,
        created=row.created_at,
        last_modified=row.updated_at if row.version > 1 else row.created_at,
        version=version_of(row),
    )


def user_of(model: type[Resource[Any]], member: Member, groups: Iterable[MemberGroup]) -> Resource[Any]:
    """The resource. Somebody whom no provider has described yet is described by what we know."""
    described = member.scim_attributes
    if described is None:
        described = {"displayName": member.full_name, "emails": [{"value": member.email, "primary": True}]}
    belongs = [
        {"value": str(group.id), "$ref": f"Groups/{group.id}", "display": group.display_name, "type": "direct"}
        for group in groups
    ]
    user = model.model_validate(
        {
            **described,
            "id": str(member.id),
            "userName": member.user_name or member.email,
            "externalId": member.external_id,
            # A provider may take back what it said of this. The member is then what they were, and nothing is told.
            "active": None if "active" in described else member.active,
            "groups": belongs or None,
        }
    )
    user.meta = meta_of(member, "User")
    return user


def columns_of(user: Any) -> dict[str, Any]:  # noqa: ANN401 - its model is made at run time
    """What of a User goes into which column.

    Raises:
        InvalidValueException: something is longer than we keep.
    """
    described = {
        name: value
        for name, value in user.model_dump(mode="json").items()
        if name not in _COLUMNS and value is not None
    }
    name = user.user_name.strip()
    if not name:
        raise InvalidValueException(detail="userName is empty")
    columns: dict[str, Any] = {
        "user_name": name,
        "user_name_key": folded(name),
        "external_id": user.external_id,
        "email": _email(user) or name,
        "full_name": _full_name(user) or name[:200],
        "scim_attributes": described,
    }
    if user.active is None:
        described["active"] = None
    else:
        columns["active"] = user.active
    for column, longest in _LONGEST.items():
        if len(columns[column] or "") > longest:
            raise InvalidValueException(detail=f"a value is longer than {longest} characters")
    return columns


def _email(user: Any) -> str | None:  # noqa: ANN401 - as above
    emails = [email for email in user.emails or [] if email.value]
    primary = [email for email in emails if email.primary]
    return str((primary or emails)[0].value).strip() if emails else None


def _full_name(user: Any) -> str | None:  # noqa: ANN401 - as above
    if user.display_name:
        return str(user.display_name)
    if user.name is None:
        return None
    return user.name.formatted or " ".join(part for part in (user.name.given_name, user.name.family_name) if part)
