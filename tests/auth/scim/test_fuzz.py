"""Ten thousand mangled requests of a provider that may speak: each is answered in SCIM's words, and none breaks us.

Nor is anything of them kept in memory or told in the log.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import orjson
import pytest

from tests.attacks.watch import watched
from tests.auth.scim.conftest import PATCH, SEARCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.scim.conftest import Directory

REQUESTS: Final = 10_000
_WARM_UP: Final = 1_000

GIVEN_NAME: Final = "Canary-Given"
EMAIL: Final = "canary@people.example"
EXTERNAL_ID: Final = "canary-external-41c7"

_ODD: Final[tuple[object, ...]] = (
    None, True, -1, 2**63, 1e308, "", "\0", "\ud7ff", "x" * 5000, [], {}, [[]], {"value": None}, "urn:ietf:params:scim",
    {"$ref": "../../x"}, 'emails[type eq "work"', "members[value pr].x.y", "id", "meta.version", "bulkId:x",
)  # fmt: skip


def _mangled(random_: random.Random, value: object, depth: int = 0) -> object:
    if random_.random() < 0.12:
        return random_.choice(_ODD)
    if isinstance(value, dict):
        kept = {key: _mangled(random_, item, depth + 1) for key, item in value.items() if random_.random() > 0.05}
        if random_.random() < 0.1:
            kept[random_.choice(["id", "meta", "schemas", "unknown", "a.b", "\0", "groups"])] = random_.choice(_ODD)
        return kept
    if isinstance(value, list):
        return [_mangled(random_, item, depth + 1) for item in value] * random_.choice([1, 1, 1, 2])
    return value


@pytest.mark.parametrize("seed", [20261125])
@pytest.mark.timeout(900)  # twenty seconds of work, on a machine that may have other work
async def test_fuzz_of_bodies_ends_in_clean_refusals(
    acme_directory: Directory, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    random_ = random.Random(seed)  # noqa: S311 # repeatable, not secret
    user, group = await acme_directory.user(), await acme_directory.group()
    kinds = _requests(user, group)
    statuses: Counter[int] = Counter()
    with watched(capsys) as watch:
        watch.secrets |= {acme_directory.token, user["userName"], GIVEN_NAME, EMAIL, EXTERNAL_ID}
        for number in range(REQUESTS):
            if number == _WARM_UP:
                watch.warmed_up()
            method, path, body = random_.choice(kinds)
            text = bytearray(orjson.dumps(_mangled(random_, body())))
            if random_.random() < 0.8:
                for _change in range(random_.randint(1, 4)):
                    text[random_.randrange(len(text))] = random_.randrange(256)
            answer = await acme_directory.http.request(
                method,
                f"/scim/{acme_directory.placement.slug}/v2{path}",
                content=bytes(text),
                headers={"authorization": f"Bearer {acme_directory.token}", "content-type": "application/scim+json"},
            )
            statuses[answer.status_code] += 1
            assert answer.status_code < 500, (method, path, bytes(text), answer.text)
            if path == "/Bulk" and answer.status_code == 200:
                assert all(int(each["status"]) < 500 for each in answer.json()["Operations"]), bytes(text)
            if answer.status_code >= 400:
                assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert sum(count for status, count in statuses.items() if status >= 400) > REQUESTS / 4


def _requests(user: dict[str, Any], group: dict[str, Any]) -> list[tuple[str, str, Callable[[], object]]]:
    """Method, path and honest body of each kind of request."""
    ops = [
        {"op": "replace", "path": "active", "value": "True"},
        {"op": "add", "path": 'emails[type eq "work"].value', "value": EMAIL},
        {"op": "remove", "path": "members", "value": [{"value": user["id"]}]},
        {"op": "replace", "value": {"name.givenName": GIVEN_NAME, "displayName": "B"}},
    ]
    whole = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user["userName"],
        "name": {"givenName": GIVEN_NAME, "familyName": "B"},
        "emails": [{"value": EMAIL, "type": "work", "primary": True}],
        "externalId": EXTERNAL_ID,
    }
    bulk_ops = [{"method": "POST", "path": "/Users", "bulkId": "u", "data": whole}]
    return [
        ("POST", "/Users", lambda: whole),
        ("PUT", f"/Users/{user['id']}", lambda: whole),
        ("PATCH", f"/Users/{user['id']}", lambda: {"schemas": [PATCH], "Operations": ops}),
        ("PATCH", f"/Groups/{group['id']}", lambda: {"schemas": [PATCH], "Operations": ops}),
        ("POST", "/Groups", lambda: {"displayName": "G", "members": [{"value": str(uuid4())}]}),
        ("POST", SEARCH, lambda: {"filter": f'userName eq "{EMAIL}"', "count": 1}),
        ("POST", "/Bulk", lambda: {"Operations": bulk_ops}),
    ]
