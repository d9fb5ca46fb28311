"""Outdated grants are not acted on, not even where nothing is read: what was granted is seen at once as well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tenancy.scope import StaleAuthorizationError
from tests.oracle.asking import ask
from tests.oracle.personas import personas

if TYPE_CHECKING:
    from engine.engine import Engine
    from tests.oracle.tenant_rows import TenantRows

DOCUMENTS: Final = {
    "read": "{ companies(first: 1) { nodes { id } } }",
    "denied": "{ roles(first: 1) { nodes { key } } }",
    "all denied": "{ roles(first: 1) { nodes { key } } orgUnits(first: 1) { totalCount } }",
    "refused": '{ companies(first: 1, filter: {taxId: {equals: "x"}}) { totalCount } }',
    "introspection": "{ __schema { queryType { fields { name } } } }",
    "hidden type": '{ __type(name: "Role") { name } }',
    "id of nothing": '{ node(id: "x") { id } }',
    "resolver": "{ viewer { permissions } }",
    "denied mutation": 'mutation { companyCreate(input: {orgUnitId: "x", name: "x"}) { __typename } }',
}


@pytest.mark.parametrize("persona", ["analyst in the north", "without any role"])
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_outdated_grants_answer_nothing(
    document: str, persona: str, engine: Engine, northwind: TenantRows
) -> None:
    viewer = personas(northwind)[persona]
    await ask(engine, viewer, DOCUMENTS[document])
    for version in (viewer.authorization_version - 1, viewer.authorization_version + 1):
        with pytest.raises(StaleAuthorizationError):
            await ask(engine, replace(viewer, authorization_version=version), DOCUMENTS[document])
