from __future__ import annotations

from auth.viewer import Viewer
from models.tenant import Company
from resolvers.company_change import CompanyChange, checked_columns, stored
from resolvers.company_ties import chosen_org_unit, chosen_parent
from resolvers.company_values import LACKS_CURRENCY, lacks_currency
from resolvers.writes import Problems, Written, refuse_forbidden_keys


async def create(viewer: Viewer, written: Written) -> CompanyChange:
    """Make a company in an org unit.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not write some key in that unit.
    """
    problems = Problems(written)
    org_unit_id = await chosen_org_unit(viewer, problems)
    if org_unit_id is None:
        return CompanyChange(None, problems.errors)
    refuse_forbidden_keys(viewer, written, org_unit_id)
    columns = checked_columns(problems)
    parent_id = await chosen_parent(viewer, problems, None)
    if not problems.errors and lacks_currency(columns):
        problems.add("credit_limit", LACKS_CURRENCY)
    if problems.errors:
        return CompanyChange(None, problems.errors)
    company = Company(**columns, org_unit_id=org_unit_id, parent_id=parent_id)
    await stored(problems, company.save(force_create=True))
    return CompanyChange(None if problems.errors else company.id, problems.errors)
