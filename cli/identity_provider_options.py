"""What ``fieldgate identity-provider`` takes of a connection's settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from cyclopts import Parameter

from auth.sso.connection_settings import CLAIMS
from cli.failure import UsageError
from models.shared import SigningPolicy

# The options whose names are not those of the settings, for messages.
_OPTIONS: Final = {
    "id": "",
    "enabled": "",
    "metadata": "--metadata-file: ",
    "client_secret": "--client-secret-file: ",
    "role_mapping": "--role-mapping-file: ",
    "default_org_unit_id": "--default-org-unit: ",
}
_RULE: Final = {"claim", "value", "role"}


Emptied = Literal["client-secret", "default-org-unit", "metadata-url", "step-up-acr"]
_EMPTIED: Final[dict[Emptied, str]] = {
    "client-secret": "client_secret",
    "default-org-unit": "default_org_unit_id",
    "metadata-url": "metadata_url",
    "step-up-acr": "step_up_acr",
}


@Parameter(name="*")
@dataclass(frozen=True)
class SettingsOptions:
    """Settings of a connection.

    Attributes:
        issuer: OpenID Connect: what the provider calls itself, to the letter.
        client_id: OpenID Connect: what the provider calls us.
        client_secret_file: A file that holds the secret, so that it is in no history of commands; none: no secret.
        metadata_file: SAML: the provider's metadata document.
        metadata_url: SAML: where the document is fetched from, now and whenever this is given again.
        signing_policy: SAML: what has to be signed.
        allow_unsolicited: SAML: take sign-ins that were begun at the provider.
        want_encrypted: SAML: refuse assertions that are not encrypted.
        step_up_acr: An acr (SAML: AuthnContextClassRef) to be stated where a recent sign-in is wanted.
        claim: OURS=THEIRS, where the provider calls a claim otherwise; ours: email, email_verified, full_name, groups.
            Without THEIRS, the usual one again.
        provision_members: Make a member of somebody unknown whose address is in a verified domain.
        default_org_unit: The id of the org unit that new members belong to; without, the top one.
        without: Empty a setting that has a value.
        role_mapping_file: JSON: a list of {"claim": …, "value": …, "role": …}. Who brings the value holds the role.
    """

    issuer: str | None = None
    client_id: str | None = None
    client_secret_file: Path | None = None
    metadata_file: Path | None = None
    metadata_url: str | None = None
    signing_policy: Literal["response", "assertion", "both"] | None = None
    allow_unsolicited: bool | None = None
    want_encrypted: bool | None = None
    step_up_acr: str | None = None
    claim: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    provision_members: bool | None = None
    default_org_unit: UUID | None = None
    without: Annotated[tuple[Emptied, ...], Parameter(negative=())] = ()
    role_mapping_file: Path | None = None


def settings_given(options: SettingsOptions | None) -> dict[str, Any]:
    """The settings that were given, as ``check_settings`` takes them.

    Raises:
        UsageError: an option is not in its form.
    """
    if options is None:
        return {}
    plain = {
        "issuer": options.issuer,
        "client_id": options.client_id,
        "client_secret": _text(options.client_secret_file),
        "metadata": _text(options.metadata_file),
        "metadata_url": options.metadata_url,
        "signing_policy": None if options.signing_policy is None else SigningPolicy(options.signing_policy),
        "allow_unsolicited": options.allow_unsolicited,
        "want_encrypted": options.want_encrypted,
        "step_up_acr": options.step_up_acr,
        "provision_members": options.provision_members,
        "default_org_unit_id": options.default_org_unit,
        "role_mapping": _rules(options.role_mapping_file),
    }
    given = {name: value for name, value in plain.items() if value is not None} | _claims(options.claim)
    emptied = {_EMPTIED[each]: None for each in options.without}
    if both := given.keys() & emptied:
        message = f"{option_of(min(both)).strip(': ')} is given, and to be emptied"
        raise UsageError(message)
    return given | emptied


def option_of(setting: str) -> str:
    """How a message about a setting begins."""
    if setting.startswith("claim_"):
        return f"--claim {setting.removeprefix('claim_')}: "
    return _OPTIONS.get(setting, f"--{setting.replace('_', '-')}: ")


def _text(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as failure:
        message = f"{path} cannot be read: {failure}"
        raise UsageError(message) from failure


def _claims(pairs: tuple[str, ...]) -> dict[str, str | None]:
    claims = {ours: (sign, theirs) for ours, sign, theirs in (pair.partition("=") for pair in pairs)}
    if not claims.keys() <= set(CLAIMS) or not all(sign for sign, _ in claims.values()):
        message = f"--claim is OURS=THEIRS, and ours is one of {', '.join(CLAIMS)}"
        raise UsageError(message)
    return {f"claim_{ours}": theirs or None for ours, (_, theirs) in claims.items()}


def _rules(path: Path | None) -> list[dict[str, str]] | None:
    text = _text(path)
    if text is None:
        return None
    try:
        rules = json.loads(text)
    except ValueError:
        rules = None
    if not isinstance(rules, list) or not all(
        isinstance(rule, dict) and rule.keys() == _RULE and all(isinstance(each, str) for each in rule.values())
        for rule in rules
    ):
        message = '--role-mapping-file holds a JSON list of {"claim": …, "value": …, "role": …}'
        raise UsageError(message)
    return rules
