"""Row J6: keys come, overlap and go; and what a thief of the database finds of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from joserfc.jwk import ECKey

from auth.sealing import Purpose, UnsealError, unseal
from auth.sessions.access_token import issue, signing_kid, verify
from auth.sessions.key_ring import KeyPair, KeyRing, new_key
from auth.sessions.signing_keys import SigningKeys
from auth.unauthenticated import UnauthenticatedError
from models.shared import SigningKey
from tests.auth.tokens import SESSION, TENANT

if TYPE_CHECKING:
    from settings import Settings

from auth.sessions.access_token import Subject

SUBJECT = Subject(TENANT, TENANT, SESSION, 1)


async def believed(settings: Settings, keys: SigningKeys, token: str) -> bool:
    key = await keys.verifier(signing_kid(token))
    if key is None:
        return False
    try:
        verify(settings, token, key)
    except UnauthenticatedError:
        return False
    return True


async def token_by(settings: Settings, keys: SigningKeys) -> str:
    return issue(settings, await keys.signer(), SUBJECT)


async def put_back(keys: SigningKeys, age: timedelta) -> None:
    """Let ``age`` pass: everything in the table, and what the process remembers of it, gets older."""
    for row in await SigningKey.all():
        await SigningKey.filter(id=row.id).update(
            created_at=row.created_at - age,
            retired_at=row.retired_at and row.retired_at - age,
            not_after=row.not_after and row.not_after - age,
        )
    keys._loaded_at = -float("inf")  # noqa: SLF001 # the clock of this memory is not one that a test can turn


async def test_the_first_key_is_made_when_it_is_needed(settings: Settings, keys: SigningKeys) -> None:
    assert await SigningKey.all().count() == 0
    assert await believed(settings, keys, await token_by(settings, keys))
    assert await SigningKey.all().count() == 1


@pytest.mark.usefixtures("keys")
async def test_many_processes_that_start_at_once_make_one_key(settings: Settings) -> None:
    processes = [SigningKeys(settings) for _ in range(6)]
    signers = await asyncio.gather(*(process.signer() for process in processes))
    assert len({signer.kid for signer in signers}) == 1
    assert await SigningKey.all().count() == 1


async def test_j6_the_new_key_is_published_before_it_signs_and_the_old_one_is_believed_until_its_last_token_is_over(
    settings: Settings, keys: SigningKeys
) -> None:
    old = await keys.signer()
    await keys.rotate()
    published = await keys.published()
    assert isinstance(published["keys"], list)
    assert len(published["keys"]) == 2
    assert (await keys.signer()).kid == old.kid

    await put_back(keys, timedelta(minutes=10, seconds=1))
    new = await keys.signer()
    assert new.kid != old.kid
    last_of_old = issue(settings, old, SUBJECT)
    assert await believed(settings, keys, last_of_old)
    assert await believed(settings, keys, await token_by(settings, keys))

    await put_back(keys, timedelta(minutes=6))
    assert not await believed(settings, keys, last_of_old)
    assert await believed(settings, keys, await token_by(settings, keys))
    published = await keys.published()
    assert isinstance(published["keys"], list)
    assert [key["kid"] for key in published["keys"]] == [new.kid]


async def test_j6_a_key_that_was_removed_is_refused(settings: Settings, keys: SigningKeys) -> None:
    token = await token_by(settings, keys)
    assert await believed(settings, keys, token)
    await SigningKey.all().delete()
    await put_back(keys, timedelta())
    assert not await believed(settings, keys, token)


async def test_a_key_is_replaced_by_itself_after_a_month(keys: SigningKeys) -> None:
    old = await keys.signer()
    await put_back(keys, timedelta(days=30, seconds=1))
    assert (await keys.signer()).kid == old.kid
    assert await SigningKey.all().count() == 2


async def test_an_unknown_key_id_asks_the_database_nothing(
    settings: Settings, keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_by(settings, keys)

    def refuse(*_: object) -> None:
        pytest.fail("a made-up key id caused a query")

    monkeypatch.setattr(SigningKey, "filter", refuse)
    assert await keys.verifier("made up") is None
    assert await believed(settings, keys, token)


async def test_j14_a_stolen_database_holds_no_key_that_signs(settings: Settings, keys: SigningKeys) -> None:
    pair = await keys.signer()
    row = await SigningKey.get()
    stored = row.private_key_encrypted
    private = pair.private.as_der(private=True)
    assert private not in stored
    assert "d" not in row.public_jwk
    assert ECKey.import_key(unseal(settings, Purpose.SIGNING_KEY, stored, bound_to=row.kid)).as_dict(
        private=True
    ) == pair.private.as_dict(private=True)


@pytest.mark.parametrize(
    "mistake",
    [
        {"purpose": Purpose.CLIENT_SECRET},
        {"bound_to": "another kid"},
        {"sealed": b""},
        {"sealed": b"\x00" * 11},
        {"sealed": b"\x00" * 200},
    ],
)
async def test_a_sealed_key_opens_for_its_own_row_and_purpose_only(
    settings: Settings, keys: SigningKeys, mistake: dict[str, object]
) -> None:
    await keys.signer()
    row = await SigningKey.get()
    arguments = {"purpose": Purpose.SIGNING_KEY, "sealed": row.private_key_encrypted, "bound_to": row.kid} | mistake
    with pytest.raises(UnsealError):
        unseal(settings, **arguments)  # type: ignore[arg-type] # a parameter of pytest is an object


async def test_another_key_encryption_key_is_named_as_the_reason(settings: Settings, keys: SigningKeys) -> None:
    await keys.signer()
    other = settings.model_copy(update={"key_encryption_key_bytes": bytes(32)})
    with pytest.raises(UnsealError, match="FIELDGATE_KEY_ENCRYPTION_KEY"):
        await SigningKeys(other).signer()


def test_what_is_published_is_public() -> None:
    now = datetime.now(UTC)
    key = new_key()
    ring = KeyRing((KeyPair(key.thumbprint(), key, now),))
    keys = ring.published(now)["keys"]
    assert isinstance(keys, list)
    (published,) = keys
    assert published.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (published["alg"], published["use"], published["kty"], published["crv"]) == ("ES256", "sig", "EC", "P-256")


def test_j6_a_key_past_its_time_is_refused_before_the_ring_is_read_again() -> None:
    now, minute = datetime.now(UTC), timedelta(minutes=1)
    old, new = new_key(), new_key()
    ring = KeyRing(
        (
            KeyPair("old", old, now - 3 * minute, retired_at=now, not_after=now + minute),
            KeyPair("new", new, now - 2 * minute),
        )
    )
    before, between, after = now - minute, now + minute / 2, now + minute
    assert [ring.verifier("old", moment) for moment in (before, between, after)] == [old, old, None]
    assert [ring.verifier("new", moment) for moment in (before, between, after)] == [new, new, new]
    signers = [ring.signer(moment) for moment in (before, between, after)]
    assert [signer.kid if signer else None for signer in signers] == ["old", "new", "new"]
    kids = [
        [key["kid"] for key in keys]
        for moment in (before, after)
        if isinstance(keys := ring.published(moment)["keys"], list)
    ]
    assert kids == [["old", "new"], ["new"]]
    assert KeyRing(()).signer(now) is None
