from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from tortoise.expressions import F

from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import Company
from resolvers.at_once import Update
from resolvers.company_change import CompanyChange, checked_columns, stored
from resolvers.company_ties import NO_SUCH_COMPANY, chosen_org_unit, chosen_parent, key_of
from resolvers.company_values import LACKS_CURRENCY, lacks_currency
from resolvers.user_error import UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys

_CREDIT: Final = frozenset({"credit_limit", "credit_currency"})
# What can be judged only by what is in the database: other rows, or other columns of this one.
_LOOKED_UP: Final = _CREDIT | {"org_unit_id", "parent_id", "tax_id"}

_READ: Final = frozenset({Permission.COMPANY_READ})


async def update(viewer: Viewer, written: Written) -> CompanyChange:
    """Change the keys that were given of a company that nobody has changed since.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not write some key in the company's unit, or in the one it moves to.
    """
    problems = Problems(written)
    company = await _readable(viewer, key_of(written.values["id"], "Company"))
    if company is None:
        problems.add("id", NO_SUCH_COMPANY, UserErrorCode.NOT_FOUND)
        return CompanyChange(None, problems.errors)
    refuse_forbidden_keys(viewer, written, company.org_unit_id)
    # Compared here already: what was decided above was decided about this version, and holds for no other.
    if company.version != written.values["version"]:
        problems.conflict("company", company.version)
        return CompanyChange(company.id, problems.errors)
    changes = await _changes(viewer, problems, company)
    if changes and not problems.errors:
        await _write(viewer, problems, company, changes)
    return CompanyChange(company.id, problems.errors)


def at_once(viewer: Viewer, written: Written) -> Update | None:
    """The same, where the company itself is all that has to be looked at."""
    key = key_of(written.values["id"], "Company")
    if key is None or not _LOOKED_UP.isdisjoint(written.values):
        return None
    problems = Problems(written)
    changes = checked_columns(problems)
    units = viewer.grants.units_of_all(written.permissions | _READ)
    if problems.errors or not changes or units == frozenset():
        return None
    return Update(
        model=Company,
        key=key,
        version=written.values["version"],
        columns={**changes, "updated_at": datetime.now(UTC)},
        units=units,
        answer=CompanyChange(key, []),
        known_as="company_id",
    )


async def _readable(viewer: Viewer, key: UUID | None) -> Company | None:
    """The company, as far as a change has to know it; one out of reach is one that does not exist."""
    if key is None:
        return None
    company = await Company.get_or_none(id=key).only("id", "org_unit_id", "version", "address_country")
    if company is None or not viewer.may(Permission.COMPANY_READ, company.org_unit_id):
        return None
    return company


async def _changes(viewer: Viewer, problems: Problems, company: Company) -> dict[str, object]:
    written = problems.written
    changes = checked_columns(problems, company.address_country)
    if "org_unit_id" in written.values:
        org_unit_id = await chosen_org_unit(viewer, problems)
        if org_unit_id is not None:
            refuse_forbidden_keys(viewer, written, org_unit_id)
            changes["org_unit_id"] = org_unit_id
    if "parent_id" in written.values:
        changes["parent_id"] = await chosen_parent(viewer, problems, company.id)
    if not problems.errors and await _would_lack_currency(company.id, changes):
        key = "credit_limit" if "credit_limit" in changes else "credit_currency"
        problems.add(key, LACKS_CURRENCY)
    return changes


async def _would_lack_currency(company_id: UUID, changes: Mapping[str, object]) -> bool:
    # Read only for somebody who may write it: a column that a request has no business with is not in its SQL.
    if not _CREDIT & changes.keys():
        return False
    before = await Company.filter(id=company_id).first().values(*_CREDIT)
    return lacks_currency({**(before or {}), **changes})


async def _write(viewer: Viewer, problems: Problems, company: Company, changes: Mapping[str, object]) -> None:
    unchanged = Company.filter(id=company.id, version=company.version)
    count = await stored(problems, unchanged.update(**changes, version=F("version") + 1, updated_at=datetime.now(UTC)))
    if count == 0:
        now = await _readable(viewer, company.id)
        if now is None:
            problems.add("id", NO_SUCH_COMPANY, UserErrorCode.NOT_FOUND)
        else:
            problems.conflict("company", now.version)
