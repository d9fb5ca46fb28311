"""The rows P1 to P9 of the security cases."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from auth.permissions import Permission
from auth.sessions.access_token import Subject, issue
from auth.sessions.signing_keys import SigningKeys
from models.shared import Session
from models.tenant import Member, Role, RoleInclusion
from tenancy.scope import tenant_scope
from tests.auth.scim.conftest import SEARCH

if TYPE_CHECKING:
    import httpx2

    from auth.sessions.session import Sessions
    from settings import Settings
    from tests.auth.scim.conftest import Directory

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


async def begin_session(sessions: Sessions, directory: Directory, member: str) -> str:
    made = await directory.member(member)
    tokens = await sessions.begin(
        tenant_id=directory.placement.tenant_id,
        member_id=made.id,
        identity_provider_id=directory.provider.id,
        authenticated_at=1,
    )
    return str(tokens.subject.session_id)


async def test_p1_a_token_opens_the_tenant_it_was_made_for_and_nothing_else(
    acme_directory: Directory, globex_directory: Directory
) -> None:
    user = await acme_directory.user()
    assert (await acme_directory.ask("GET", f"/Users/{user['id']}")).status_code == 200
    acme_directory.token, kept = globex_directory.token, acme_directory.token
    assert (await acme_directory.ask("GET", "/Users")).status_code == 401
    for wrong in ("", "eyJhbGciOiJFUzI1NiJ9.e30.AA", kept + "x", kept[:-1]):
        acme_directory.token = wrong
        answer = await acme_directory.ask("GET", "/ServiceProviderConfig")
        assert answer.status_code == 401
        assert "bearer" in answer.headers["www-authenticate"].lower()
    answer = await acme_directory.http.post(
        "/graphql", json={"query": "{ viewer { id } }"}, headers={"authorization": f"Bearer {kept}"}
    )
    assert answer.status_code == 401


async def test_p1_no_token_of_a_member_opens_scim(acme_directory: Directory, settings: Settings) -> None:
    user = await acme_directory.user()
    await acme_directory.assign("owner", member=user["id"])
    subject = Subject(acme_directory.placement.tenant_id, UUID(user["id"]), uuid4(), int(time.time()))
    token = issue(settings, await SigningKeys(settings).signer(), subject)
    make = 'mutation{personalAccessTokenCreate(input:{name:"x",days:1}){token userErrors{code}}}'

    async def asked(query: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        return await acme_directory.http.post("/graphql", json={"query": query}, headers=headers)

    assert (await asked("{viewer{email}}")).json()["data"]["viewer"]["email"] == user["userName"]
    personal = (await asked(make)).json()["data"]["personalAccessTokenCreate"]["token"]
    for text in (token, personal):
        acme_directory.token = text
        for method, path in (("GET", "/Users"), ("GET", f"/Users/{user['id']}"), ("DELETE", f"/Users/{user['id']}")):
            assert (await acme_directory.ask(method, path)).status_code == 401
    assert (await acme_directory.member(user["id"])).active


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "x" or 1 eq 1',
        "userName eq 'x'; DROP TABLE member",
        "(" * 10_000 + 'userName eq "x"' + ")" * 10_000,
        " or ".join(['userName eq "x"'] * 10_000),
        'userName regex ".*"',
        'userName eq "\\u0000',
        "not (" * 200 + "userName pr" + ")" * 200,
    ],
    ids=["two", "statement", "parentheses", "alternatives", "operator", "nul", "negations"],
)
async def test_p2_a_filter_that_is_none_is_refused(acme_directory: Directory, text: str) -> None:
    answer = await acme_directory.ask("POST", SEARCH, {"filter": text})
    assert answer.status_code == 400
    assert answer.json()["scimType"] == "invalidFilter"


@pytest.mark.parametrize("path", ["meta.id", "id", "schemas", "groups", "roles", 'roles[value eq "owner"]', "meta"])
async def test_p3_what_is_ours_cannot_be_patched(acme_directory: Directory, path: str) -> None:
    user = await acme_directory.user()
    for value in ("x", [{"value": "owner"}]):
        answer = await acme_directory.patch(f"/Users/{user['id']}", {"op": "replace", "path": path, "value": value})
        assert answer.status_code == 400
    answer = await acme_directory.patch(
        f"/Users/{user['id']}", {"op": "add", "path": "roles", "value": [{"value": "x"}]}
    )
    assert answer.json()["scimType"] == "mutability"


async def test_p3_no_member_of_another_tenant_gets_into_a_group(
    acme_directory: Directory, globex_directory: Directory
) -> None:
    theirs, group = await globex_directory.user(), await acme_directory.group()
    added = {"op": "add", "path": "members", "value": [{"value": theirs["id"]}]}
    assert (await acme_directory.patch(f"/Groups/{group['id']}", added)).status_code == 400
    assert (await acme_directory.ask("GET", f"/Users/{theirs['id']}")).status_code == 404
    assert (await acme_directory.ask("DELETE", f"/Users/{theirs['id']}")).status_code == 404
    assert (await globex_directory.member(theirs["id"])).active


@pytest.mark.parametrize(
    ("one", "other"), [("Ada@people.example", "ada@PEOPLE.example"), ("ﬁona@people.example", "fiona@people.example")]
)
async def test_p4_names_that_look_alike_are_the_same(acme_directory: Directory, one: str, other: str) -> None:
    first = await acme_directory.ask("POST", "/Users", {"userName": one})
    second = await acme_directory.ask("POST", "/Users", {"userName": other})
    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json()["scimType"] == "uniqueness"


async def test_p4_of_two_that_race_one_is_made(acme_directory: Directory) -> None:
    body = {"userName": f"{uuid4().hex}@people.example"}
    answers = await asyncio.gather(*(acme_directory.ask("POST", "/Users", body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


async def test_p5_bulk_resolves_references_and_stops_at_errors(acme_directory: Directory) -> None:
    group = {
        "method": "POST",
        "path": "/Groups",
        "bulkId": "g",
        "data": {"displayName": "G", "members": [{"value": "bulkId:u"}]},
    }
    user = {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "bulk@people.example"}}
    answer = await acme_directory.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": [group, user]})
    assert [int(each["status"]) for each in answer.json()["Operations"]] == [201, 201]
    circle = {**group, "data": {"displayName": "G", "members": [{"value": "bulkId:g"}]}}
    answer = await acme_directory.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": [circle]})
    assert int(answer.json()["Operations"][0]["status"]) == 409
    failing = [{"method": "DELETE", "path": f"/Users/{uuid4()}"}] * 3
    answer = await acme_directory.ask("POST", "/Bulk", {"schemas": [BULK], "failOnErrors": 1, "Operations": failing})
    assert len(answer.json()["Operations"]) == 1


async def test_p5_bulk_is_bounded(acme_directory: Directory) -> None:
    many = [{"method": "DELETE", "path": f"/Users/{uuid4()}"}] * 1001
    answer = await acme_directory.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": many})
    assert answer.status_code == 413
    answer = await acme_directory.ask("POST", "/Bulk", {"schemas": [BULK], "padding": "x" * 1_100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("way", ["active", "delete"])
async def test_p6_who_is_deprovisioned_has_no_session_left(
    acme_directory: Directory, sessions: Sessions, way: str
) -> None:
    leaver, stayer = await acme_directory.user(), await acme_directory.user()
    theirs, other = [await begin_session(sessions, acme_directory, each["id"]) for each in (leaver, stayer)]
    path = f"/Users/{leaver['id']}"
    if way == "delete":
        answer = await acme_directory.ask("DELETE", path)
    else:
        answer = await acme_directory.patch(path, {"op": "replace", "path": "active", "value": False})
    assert answer.status_code == 204
    assert not (await acme_directory.member(leaver["id"])).active
    assert (await Session.get(id=theirs)).revoked_at is not None
    assert (await Session.get(id=other)).revoked_at is None
    assert (await acme_directory.ask("GET", path)).status_code == (404 if way == "delete" else 200)


async def test_p6_whoever_gets_the_address_of_a_deleted_member_is_somebody_new(acme_directory: Directory) -> None:
    name = "recycled@people.example"
    old = await acme_directory.user(userName=name)
    await acme_directory.assign("auditor", member=old["id"])
    assert (await acme_directory.ask("DELETE", f"/Users/{old['id']}")).status_code == 204
    new = await acme_directory.user(userName=name)
    assert new["id"] != old["id"]
    assert not (await acme_directory.member(old["id"])).active


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": "False"}},
        {"op": "Add", "path": "active", "value": "False"},
        {"op": "Replace", "value": {"active": False, "unknownAttribute": 1}},
    ],
)
async def test_p7_entra_deactivates_in_its_own_words(acme_directory: Directory, operation: dict[str, object]) -> None:
    user = await acme_directory.user()
    answer = await acme_directory.patch(f"/Users/{user['id']}", operation)
    assert answer.status_code == 204, answer.text
    assert not (await acme_directory.member(user["id"])).active


async def test_p7_entra_changes_members_and_mails_in_its_own_words(acme_directory: Directory) -> None:
    one, two = await acme_directory.user(), await acme_directory.user()
    group = await acme_directory.group()
    path = f"/Groups/{group['id']}"

    async def members() -> set[str]:
        found = (await acme_directory.ask("GET", path)).json()
        return {each["value"] for each in found.get("members", [])}

    values = [{"value": one["id"]}, {"value": two["id"]}]
    await acme_directory.patch(path, {"op": "Add", "path": "members", "value": values})
    assert await members() == {one["id"], two["id"]}
    await acme_directory.patch(path, {"op": "Remove", "path": f'members[value eq "{one["id"]}"]'})
    assert await members() == {two["id"]}
    await acme_directory.patch(path, {"op": "Remove", "path": "members", "value": [{"value": two["id"]}]})
    assert await members() == set()
    mail = {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@people.example"}
    assert (await acme_directory.patch(f"/Users/{one['id']}", mail)).status_code == 204
    dotted = {"op": "Replace", "value": {"name.givenName": "Ada", "displayName": "Ada L"}}
    assert (await acme_directory.patch(f"/Users/{one['id']}", dotted)).status_code == 204
    assert (await acme_directory.member(one["id"])).full_name == "Ada L"


async def test_p8_what_changed_meanwhile_is_not_written_over(acme_directory: Directory) -> None:
    user = await acme_directory.user()
    path, stale = f"/Users/{user['id']}", user["meta"]["version"]
    change = {"op": "replace", "path": "title", "value": "Boss"}
    assert (await acme_directory.patch(path, change, **{"if-match": stale})).status_code == 204
    again = {**change, "value": "Chief"}
    assert (await acme_directory.patch(path, again, **{"if-match": stale})).status_code == 412
    assert (await acme_directory.ask("DELETE", path, **{"if-match": stale})).status_code == 412
    found = await acme_directory.ask("GET", path)
    assert found.json()["title"] == "Boss"
    assert (await acme_directory.ask("GET", path, **{"if-none-match": found.headers["etag"]})).status_code == 304


async def test_p9_the_last_owner_stays(acme_directory: Directory) -> None:
    one, two = await acme_directory.user(), await acme_directory.user()
    for owner in (one, two):
        await acme_directory.assign("owner", member=owner["id"])
    off = {"op": "replace", "path": "active", "value": False}
    answers = await asyncio.gather(*(acme_directory.patch(f"/Users/{owner['id']}", off) for owner in (one, two)))
    assert sorted(answer.status_code for answer in answers) == [204, 403]
    (last,) = [owner for owner in (one, two) if (await acme_directory.member(owner["id"])).active]
    assert (await acme_directory.ask("DELETE", f"/Users/{last['id']}")).status_code == 403
    assert (await acme_directory.audited()).count("scim:keep_last_owner") == 2


@pytest.mark.parametrize("by_group", [False, True], ids=["own", "group"])
async def test_p9_an_owner_who_has_never_signed_in_does_not_get_another_address(
    acme_directory: Directory, *, by_group: bool
) -> None:
    user = await acme_directory.user()
    group = await acme_directory.group(user["id"])
    await acme_directory.assign("owner", **({"group": group["id"]} if by_group else {"member": user["id"]}))
    path, kept = f"/Users/{user['id']}", (await acme_directory.member(user["id"])).email
    moved = {"op": "add", "path": 'emails[type eq "work"].value', "value": "attacker@people.example"}
    named = {"op": "replace", "path": "userName", "value": "attacker@people.example"}
    for change in (moved, named):
        assert (await acme_directory.patch(path, change)).status_code == 403
    assert (await acme_directory.member(user["id"])).email == kept
    assert "scim:refuse_promotion" in await acme_directory.audited()
    title = {"op": "replace", "path": "title", "value": "Boss"}
    assert (await acme_directory.patch(path, title)).status_code == 204
    async with tenant_scope(acme_directory.placement, authorization_version=None):
        own = Member.filter(id=user["id"])
        await own.update(identity_provider_id=acme_directory.provider.id, subject=uuid4().hex)
    assert (await acme_directory.patch(path, moved)).status_code == 204, "they are known by more than an address now"


@pytest.mark.parametrize("included", [False, True], ids=["own", "included"])
async def test_p9_a_role_that_has_come_to_decide_about_others_is_not_mapped_any_more(
    acme_directory: Directory, *, included: bool
) -> None:
    async with tenant_scope(acme_directory.placement, authorization_version=None):
        decides = await Role.create(key=uuid4().hex, name="Decides", permissions=[Permission.MEMBER_WRITE.value])
        role = await Role.create(key=uuid4().hex, name="Includes", permissions=[]) if included else decides
        if included:
            await RoleInclusion.create(role_id=role.id, included_id=decides.id)
    acme_directory.provider.role_mapping = [
        {"claim": "groups", "value": "Helpers", "role": role.key},
        {"claim": "groups", "value": "Helpers", "role": "auditor"},
    ]
    await acme_directory.provider.save()
    group = await acme_directory.group(name="Helpers")
    assert await acme_directory.roles_of_group(group["id"]) == {"auditor"}
    await acme_directory.assign(role.key, group=group["id"])
    renamed = {"op": "replace", "path": "displayName", "value": "Others"}
    await acme_directory.patch(f"/Groups/{group['id']}", renamed)
    assert await acme_directory.roles_of_group(group["id"]) == set(), "and what it has of its former name, it loses"


async def test_p9_nobody_becomes_an_owner_by_way_of_a_group(acme_directory: Directory) -> None:
    acme_directory.provider.role_mapping = [
        {"claim": "groups", "value": "Bosses", "role": "owner"},
        {"claim": "groups", "value": "Bosses", "role": "auditor"},
    ]
    await acme_directory.provider.save()
    user = await acme_directory.user()
    group = await acme_directory.group(user["id"], name="Bosses")
    assert await acme_directory.roles_of_group(group["id"]) == {"auditor"}
    renamed = {"op": "replace", "path": "displayName", "value": "Others"}
    await acme_directory.patch(f"/Groups/{group['id']}", renamed)
    assert await acme_directory.roles_of_group(group["id"]) == set()
    await acme_directory.assign("owner", group=group["id"])
    other = await acme_directory.user()
    added = {"op": "add", "path": "members", "value": [{"value": other["id"]}]}
    assert (await acme_directory.patch(f"/Groups/{group['id']}", added)).status_code == 403
    assert "scim:refuse_promotion" in await acme_directory.audited()
