from __future__ import annotations

from uuid import UUID

from auth.audit import actor_of
from auth.grant_resolution import grants_of_role
from auth.oauth.client_registry import NewClient, RefusedKeysError, checked_keys, create
from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import OrgUnit, Role
from resolvers.client_change import ClientChange, changed
from resolvers.company_ties import chosen_org_unit, key_of
from resolvers.given import given_line, given_scopes
from resolvers.user_error import UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys, refuse_unless_signed_in

LONGEST_NAME = 200


async def create_client(viewer: Viewer, written: Written) -> ClientChange:
    """A client that holds a role, everywhere or in an org unit. It may do nothing that its maker may not.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer is no member who signed in, or may not write clients there.
    """
    refuse_unless_signed_in(viewer)
    problems = Problems(written)
    reach = written.values.get("org_unit_id") and await chosen_org_unit(viewer, problems)
    if problems.errors:
        return ClientChange(None, problems.errors)
    refuse_forbidden_keys(viewer, written, reach)
    name, scopes, keys = given_line(problems, "name", LONGEST_NAME), given_scopes(problems), _keys(problems)
    role_id = await _role(viewer, problems)
    if role_id is not None and not problems.errors:
        held = await grants_of_role(role_id, reach)
        if viewer.grants.lacking(held if scopes is None else held.narrowed(scopes)):
            message = "This role may do what you may not. Choose another, or cut it down by scopes."
            problems.add("role_id", message, UserErrorCode.FORBIDDEN)
    if role_id is None or problems.errors:
        return ClientChange(None, problems.errors)
    (top,) = await OrgUnit.filter(parent_id=None).order_by("id").limit(1)
    new = NewClient(viewer.tenant.tenant_id, name, reach or top.id, role_id, reach, scopes, keys)
    return await changed(viewer, problems, await create(new, actor_of(viewer)))


async def _role(viewer: Viewer, problems: Problems) -> UUID | None:
    """The role that ``roleId`` names. To one who may not read roles there is none."""
    key = key_of(problems.written.values["role_id"], "Role")
    if key is None or not viewer.may(Permission.ROLE_READ, None) or not await Role.exists(id=key):
        problems.add("role_id", "There is no such role.", UserErrorCode.NOT_FOUND)
        return None
    return key


def _keys(problems: Problems) -> dict[str, object] | None:
    given = problems.written.values.get("keys")
    try:
        return None if given is None else checked_keys(given)
    except RefusedKeysError as problem:
        problems.add("keys", str(problem))
        return None
