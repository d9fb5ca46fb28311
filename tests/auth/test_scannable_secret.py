from __future__ import annotations

from auth.scannable_secret import CLIENT_SECRET, PERSONAL_ACCESS_TOKEN, digest, has_form, new_secret


def test_a_secret_is_known_by_its_prefix_and_its_checksum() -> None:
    made = {new_secret(PERSONAL_ACCESS_TOKEN) for _ in range(200)}
    assert len(made) == len({digest(each) for each in made}) == 200
    assert all(has_form(PERSONAL_ACCESS_TOKEN, each) for each in made)
    assert not any(has_form(CLIENT_SECRET, each) for each in made)


def test_a_letter_too_many_too_few_or_another_is_noticed() -> None:
    good = new_secret(CLIENT_SECRET)
    for index in range(len(good)):
        other = "A" if good[index] != "A" else "B"
        assert not has_form(CLIENT_SECRET, good[:index] + other + good[index + 1 :])
    for bad in ("", CLIENT_SECRET, good[:-1], good + "0", good.upper(), good + "\n", good[:-1] + "é"):
        assert not has_form(CLIENT_SECRET, bad)
