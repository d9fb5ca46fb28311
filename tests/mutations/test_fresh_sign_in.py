"""What takes a sign-in of the last minutes: to the second, before anything runs, and from a person alone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from auth.acting import Acting, ActingKind
from engine.explanation import Explanation
from engine.request import Request
from engine.result import Stage
from models.shared import PersonalAccessToken
from schema.mutation import FRESH
from tenancy.scope import StaleAuthorizationError

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.result import Result
    from tests.mutations.firm import Firm

NOW = 1_800_000_000
CREATE = 'personalAccessTokenCreate(input: { name: "A script", days: 1 }) { token userErrors { code } }'
END = "sessionsEnd(input: {}) { endedSessions }"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth.viewer.time", SimpleNamespace(time=lambda: float(NOW)))


async def ask(firm: Firm, viewer: Viewer, document: str, **changed: Any) -> Result:  # noqa: ANN401 - of a viewer
    current = replace(await firm.viewer(viewer.member_id), **changed)
    return await firm.engine.execute(Request(f"mutation {{ {document} }}", "test"), current)


async def made(firm: Firm) -> int:
    return await PersonalAccessToken.filter(tenant_id=firm.placement.tenant_id).count()


@pytest.mark.parametrize(("age", "tokens"), [(0, 1), (FRESH, 1), (FRESH + 1, 0), (NOW, 0)])
async def test_a_sign_in_counts_until_it_is_as_old_as_it_may_be(
    firm: Firm, owner: Viewer, age: int, tokens: int
) -> None:
    before = await made(firm)
    result = await ask(firm, owner, CREATE, authenticated_at=NOW - age)
    assert (result.data is not None) is bool(tokens)
    assert await made(firm) == before + tokens


async def test_a_fraction_of_a_second_is_too_late(firm: Firm, owner: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth.viewer.time", SimpleNamespace(time=lambda: NOW + 0.001))
    assert (await ask(firm, owner, CREATE, authenticated_at=NOW - FRESH)).stage is Stage.SIGN_IN


async def test_the_refusal_says_what_helps(firm: Firm, owner: Viewer) -> None:
    result = await ask(firm, owner, CREATE, authenticated_at=NOW - FRESH - 1)
    assert (result.data, result.stage, result.max_age) == (None, Stage.SIGN_IN, FRESH)
    (error,) = result.errors
    assert error["extensions"] == {
        "code": "UNAUTHENTICATED",
        "reason": "sign_in_too_old",
        "maxAge": FRESH,
        "field": "Mutation.personalAccessTokenCreate",
    }
    # What the provider does not say is a long time ago, and so is what nobody has put there.
    assert (await ask(firm, owner, CREATE, authenticated_at=0)).errors == result.errors


async def test_nothing_of_the_operation_runs(firm: Firm) -> None:
    person = await firm.member(("owner", None))
    before = await made(firm)
    assert (await ask(firm, person, f"{END} {CREATE}", authenticated_at=NOW - FRESH - 1)).data is None
    assert await made(firm) == before
    skipped = await ask(firm, person, f"{END} {CREATE.replace(') {', ') @skip(if: true) {')}", authenticated_at=0)
    assert skipped.data == b'{"sessionsEnd":{"endedSessions":0}}'


async def test_a_script_a_client_and_support_never_have_signed_in(firm: Firm, owner: Viewer) -> None:
    before = await made(firm)
    for kind in ActingKind:
        result = await ask(firm, owner, CREATE, authenticated_at=NOW, acting=Acting(kind))
        assert (result.data, result.stage) == (None, Stage.SIGN_IN)
    assert await made(firm) == before


async def test_nobody_is_sent_to_sign_in_for_what_they_may_not_do(firm: Firm, analyst: Viewer) -> None:
    result = await ask(firm, analyst, CREATE, authenticated_at=0)
    assert result.data is not None
    assert orjson.loads(result.data) == {"personalAccessTokenCreate": None}
    assert [error["extensions"]["code"] for error in result.errors] == ["FORBIDDEN"]  # type: ignore[index]  # an errors entry is JSON


async def test_it_is_explained_without_being_asked_for(firm: Firm, owner: Viewer) -> None:
    """Whoever looks at a document before it is run has not signed in, and wants to know."""
    viewer = replace(await firm.viewer(owner.member_id), authenticated_at=0)
    explained = firm.engine.explain(Request(f"mutation {{ {END} {CREATE} }}", "test"), viewer)
    assert isinstance(explained, Explanation)
    assert {each.field: each.authenticated_within for each in explained.fields if "Mutation" in each.field} == {
        "Mutation.sessionsEnd": None,
        "Mutation.personalAccessTokenCreate": FRESH,
    }


async def test_the_refusal_relies_on_grants_that_still_hold(firm: Firm, owner: Viewer) -> None:
    with pytest.raises(StaleAuthorizationError):
        await ask(firm, owner, CREATE, authenticated_at=0, authorization_version=1)
