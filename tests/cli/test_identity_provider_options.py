from __future__ import annotations

from uuid import uuid4

import pytest

from cli.failure import UsageError
from cli.identity_provider_options import SettingsOptions, settings_given


def test_what_is_not_given_is_not_changed_and_what_is_emptied_is() -> None:
    assert settings_given(None) == settings_given(SettingsOptions()) == {}
    given = SettingsOptions(
        issuer="https://idp.example", claim=("email=mail", "groups="), without=("default-org-unit",)
    )
    assert settings_given(given) == {
        "issuer": "https://idp.example",
        "claim_email": "mail",
        "claim_groups": None,
        "default_org_unit_id": None,
    }


@pytest.mark.parametrize(
    "options",
    [
        SettingsOptions(claim=("email",)),
        SettingsOptions(claim=("role=role",)),
        SettingsOptions(default_org_unit=uuid4(), without=("default-org-unit",)),
    ],
    ids=["no name", "no claim of ours", "given and emptied"],
)
def test_what_makes_no_sense_is_a_misuse(options: SettingsOptions) -> None:
    with pytest.raises(UsageError):
        settings_given(options)
