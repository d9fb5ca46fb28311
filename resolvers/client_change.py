from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from auth.acting import scope_of
from auth.audit import actor_of
from auth.grant_resolution import grants_of_member
from auth.oauth.client_registry import NoSecretError, Secret, client_of, rotate_secret, set_enabled
from auth.permissions import Permission
from auth.viewer import Viewer
from models.shared import Client
from models.tenant import Member
from resolvers.client import ClientAnswer, described
from resolvers.user_error import UserError, UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys, refuse_unless_signed_in

NOT_YOURS_TO_GIVE = "This client may do what you may not, so its secret is not yours to have."


@dataclass(frozen=True, slots=True)
class ClientChange:
    """The attributes behind the fields of a payload; ``secret`` is the text, this once."""

    client: ClientAnswer | None
    user_errors: list[UserError]
    secret: str | None = None


async def rotate(viewer: Viewer, written: Written) -> ClientChange:
    """Give a client a new secret. Whoever gets it can be the client, so they must be able to do all that it may.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer is no member who signed in, or may not write clients where this one is.
    """
    refuse_unless_signed_in(viewer)
    problems = Problems(written)
    client = await _client(viewer, problems)
    if client is None:
        return ClientChange(None, problems.errors)
    held = await grants_of_member(client.member_id)
    if viewer.grants.lacking(held if client.scopes is None else held.narrowed(scope_of(" ".join(client.scopes)))):
        problems.add("id", NOT_YOURS_TO_GIVE, UserErrorCode.FORBIDDEN)
        return ClientChange(None, problems.errors)
    try:
        made = await rotate_secret(viewer.tenant.tenant_id, client.id, actor_of(viewer))
    except NoSecretError:
        problems.add("id", "This client proves itself by its keys and has no secret.")
        return ClientChange(None, problems.errors)
    return await changed(viewer, problems, made)


async def switch(viewer: Viewer, written: Written) -> ClientChange:
    """Switch a client on or off.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not write clients where this one is.
    """
    problems = Problems(written)
    client = await _client(viewer, problems)
    if client is None:
        return ClientChange(None, problems.errors)
    enabled: bool = written.values["enabled"]
    row = await set_enabled(viewer.tenant.tenant_id, client.id, actor_of(viewer), enabled=enabled)
    return await changed(viewer, problems, None if row is None else Secret(row, None))


async def changed(viewer: Viewer, problems: Problems, made: Secret | None) -> ClientChange:
    """The answer, once it is done."""
    if made is None:
        return ClientChange(None, problems.errors)
    (answer,) = await described(viewer, [made.client])
    return ClientChange(answer, problems.errors, made.text)


async def _client(viewer: Viewer, problems: Problems) -> Client | None:
    """The client that ``id`` names. Another tenant's, or one that the viewer may not see, is none."""
    try:
        client = await client_of(viewer.tenant.tenant_id, UUID(problems.written.values["id"]))
    except ValueError:
        client = None
    member = None if client is None else await Member.get_or_none(id=client.member_id).only("id", "org_unit_id")
    org_unit_id = None if member is None else member.org_unit_id
    if client is None or not viewer.may(Permission.CLIENT_READ, org_unit_id):
        problems.add("id", "There is no such client.", UserErrorCode.NOT_FOUND)
        return None
    refuse_forbidden_keys(viewer, problems.written, org_unit_id)
    return client
