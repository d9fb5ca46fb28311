"""The org unit and the parent that a caller wants a company to have."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import Company, OrgUnit
from resolvers.global_ids import decode
from resolvers.turns import take_turn
from resolvers.user_error import UserErrorCode
from resolvers.writes import Problems
from tenancy.scope import current_scope

NO_SUCH_ORG_UNIT: Final = "There is no such org unit."
NO_SUCH_COMPANY: Final = "There is no such company."

_IS_ABOVE: Final = """
WITH RECURSIVE above (id, parent_id) AS (
    SELECT id, parent_id FROM company WHERE id = $1
    UNION
    SELECT company.id, company.parent_id FROM above JOIN company ON company.id = above.parent_id
)
SELECT EXISTS (SELECT FROM above WHERE id = $2) AS found
"""


def key_of(global_id: object, type_name: str) -> UUID | None:
    """The row key in a global id; ``None`` when it is none of ours, or names another type."""
    named = decode(global_id)
    return named.key if named is not None and named.type_name == type_name else None


async def chosen_org_unit(viewer: Viewer, problems: Problems) -> UUID | None:
    """The org unit that ``orgUnitId`` names. One that the viewer may not see is one that does not exist."""
    key = key_of(problems.written.values["org_unit_id"], "OrgUnit")
    if key is None or not viewer.may(Permission.ORG_UNIT_READ, key) or not await OrgUnit.exists(id=key):
        problems.add("org_unit_id", NO_SUCH_ORG_UNIT, UserErrorCode.NOT_FOUND)
        return None
    return key


async def chosen_parent(viewer: Viewer, problems: Problems, company_id: UUID | None) -> UUID | None:
    """The company that ``parentId`` names. One that the viewer may not see is one that does not exist.

    Args:
        viewer: who chooses.
        problems: where to say what is wrong with the choice.
        company_id: the company that is to have the parent, unless it is only being made.
    """
    if problems.written.values.get("parent_id") is None:
        return None
    key = key_of(problems.written.values["parent_id"], "Company")
    parent = None if key is None else await Company.get_or_none(id=key).only("id", "org_unit_id")
    if parent is None or not viewer.may(Permission.COMPANY_READ, parent.org_unit_id):
        problems.add("parent_id", NO_SUCH_COMPANY, UserErrorCode.NOT_FOUND)
        return None
    if company_id is not None and await _would_close_a_circle(parent.id, company_id):
        problems.add("parent_id", "A company can't belong to itself, nor to one that belongs to it.")
        return None
    return parent.id


async def _would_close_a_circle(parent_id: UUID, company_id: UUID) -> bool:
    # Two changes at once could each be harmless and a circle together.
    await take_turn("company.parent_id")
    (row,) = await current_scope().fetch(_IS_ABOVE, parent_id, company_id)
    return bool(row["found"])
