"""Every operation in ``tests/operations``, by its text and by its id: the same bytes for everybody."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx2
import orjson
import pytest

from auth.authentication import Authenticator
from server.graphql import GraphQLEndpoint
from tests.oracle.operations import NAMES, Operations
from tests.oracle.personas import personas
from tests.server.wire import GRAPHQL, ORIGIN, development_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.engine import Engine
    from engine.request import Request
    from tests.oracle.tenant_rows import TenantRows


class KnownPeople(Authenticator):
    """Takes a name for a token."""

    def __init__(self, viewers: Mapping[str, Viewer]) -> None:
        self._viewers = viewers

    def remembered(self, _name: bytes) -> Viewer | None:
        return None

    async def viewer(self, access_token: str) -> Viewer:
        return self._viewers[access_token]


@pytest.fixture(scope="module")
def operations(northwind: TenantRows, tailspin: TenantRows, cursors: Cursors) -> Operations:
    return Operations(northwind, tailspin, cursors)


@pytest.mark.parametrize("name", NAMES)
async def test_an_operation_by_its_id_is_the_operation_by_its_text(
    name: str, engine: Engine, operations: Operations, northwind: TenantRows
) -> None:
    viewers = personas(northwind)
    requests = {person: operations.request(name, viewer, northwind) for person, viewer in viewers.items()}
    published = {_identifier(request): request.document for request in requests.values()}
    endpoint = GraphQLEndpoint(
        execute=engine.execute,
        published=published.get,
        authenticator=KnownPeople(viewers),
        settings=development_settings(),
        graphiql=None,
    )
    statuses = set()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(endpoint), base_url=ORIGIN) as client:
        for person, request in requests.items():
            headers = {"authorization": f"Bearer {person}", "accept": GRAPHQL}
            variables = orjson.dumps(dict(request.variables)).decode()
            answers = []
            for document in ({"query": request.document}, {"documentId": _identifier(request)}):
                body = {**document, "variables": request.variables}
                answers += [
                    await client.post("/graphql", json=body, headers=headers),
                    await client.get("/graphql", params={**document, "variables": variables}, headers=headers),
                ]
            assert len({(each.status_code, each.content) for each in answers}) == 1
            statuses.add(answers[0].status_code)
    # Everybody has sent the same id: what comes of it is the caller's.
    assert statuses <= {200, 294, 403}


def _identifier(request: Request) -> str:
    return f"sha256:{hashlib.sha256(request.document.encode()).hexdigest()}"
