"""What the settings of a connection to an identity provider have to be, whoever sets them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.role_mapping import may_be_mapped
from auth.sso.saml.metadata import fetched_metadata, read_metadata
from auth.tenant_roles import tenant_roles
from models.shared import IdentityProviderKind
from models.tenant import OrgUnit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from auth.sso.outbound import Outbound
    from auth.sso.saml.metadata import IdentityProviderMetadata

# Our names for what a provider says; the setting that holds the provider's own is this with ``claim_`` in front.
CLAIMS: Final = ("email", "email_verified", "full_name", "groups")
CLAIM_SETTINGS: Final = frozenset(f"claim_{name}" for name in CLAIMS)

_OF_OIDC: Final = frozenset({"issuer", "client_id", "client_secret"})
_OF_SAML: Final = frozenset({"metadata", "metadata_url", "signing_policy", "allow_unsolicited", "want_encrypted"})
_OF_BOTH: Final = (
    frozenset({"name", "provision_members", "default_org_unit_id", "role_mapping", "step_up_acr"}) | CLAIM_SETTINGS
)
_OF: Final = {IdentityProviderKind.OIDC: _OF_OIDC | _OF_BOTH, IdentityProviderKind.SAML: _OF_SAML | _OF_BOTH}

# What can be set but not emptied.
_NEVER_NULL: Final = (_OF_OIDC | _OF_SAML | {"name", "provision_members", "role_mapping"}) - {
    "client_secret",
    "metadata_url",
}
_LONGEST: Final = {
    "name": 200,
    "issuer": 1024,
    "client_id": 255,
    "client_secret": 2048,
    "metadata_url": 2048,
    "step_up_acr": 255,
}
_LONGEST_CLAIM: Final = 500
_LONGEST_VALUE: Final = 500
_MOST_RULES: Final = 200


class ProblemKind(StrEnum):
    """What sort of thing is wrong."""

    INVALID = "invalid"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        setting: its name, as above; ``id`` for the connection itself.
        message: a sentence for the person who set it, which repeats no value.
        kind: what sort of thing.
    """

    setting: str
    message: str
    kind: ProblemKind = ProblemKind.INVALID


class ChangeRefusedError(Exception):
    """Nothing was changed.

    Attributes:
        problems: everything that was found to be wrong.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.setting}: {problem.message}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Checked:
    """Settings that will do.

    Attributes:
        columns: of the row, but for the two below.
        claims: our names to the provider's; ``None``: the usual one again.
        secret: of the client, where one was given; an empty one takes it away.
        metadata: what the document says, where one was given.
    """

    columns: Mapping[str, Any]
    claims: Mapping[str, str | None]
    secret: str | None
    metadata: IdentityProviderMetadata | None


@dataclass(slots=True)
class _Checks:
    given: Mapping[str, Any]
    outbound: Outbound
    now: datetime
    problems: list[Problem] = field(default_factory=list)

    def add(self, setting: str, message: str, kind: ProblemKind = ProblemKind.INVALID) -> None:
        self.problems.append(Problem(setting, message, kind))

    def text(self, setting: str, longest: int, *, only_ascii: bool = False) -> str | None:
        """One line, as it is kept; ``None`` where there is none that will do."""
        value = unicodedata.normalize("NFC", str(self.given[setting])).strip()
        if not value:
            self.add(setting, "This must not be empty.")
        elif len(value) > longest:
            self.add(setting, f"This has at most {longest} characters.")
        elif not value.isprintable() or (only_ascii and not value.isascii()):
            self.add(setting, "This holds characters that do not belong here.")
        else:
            return value
        return None

    def address(self, setting: str) -> str | None:
        """An address that may be asked."""
        value = self.text(setting, _LONGEST[setting], only_ascii=True)
        try:
            return None if value is None else self.outbound.safe_address(value)
        except SignInRefusedError:
            self.add(setting, "This must be an https address without a password or a fragment in it.")
            return None


async def check_settings(
    kind: IdentityProviderKind, given: Mapping[str, Any], outbound: Outbound, now: datetime
) -> Checked:
    """The settings that were given, as they are kept. Roles and org units are those of the tenant whose scope is open.

    Args:
        kind: of the connection.
        given: name of the setting to value; what is not to be changed is left out. ``metadata`` is a SAML document,
            ``metadata_url`` its address, from where it is fetched now; ``claim_email`` and its like name claims.
        outbound: knows which addresses are safe, and fetches.
        now: the time.

    Raises:
        ChangeRefusedError: something is wrong; it says everything that is.
    """
    checks = _Checks(given, outbound, now)
    for setting in given:
        if setting not in _OF[kind]:
            checks.add(setting, f"A connection of this kind ({kind.value}) has no such setting.")
        elif given[setting] is None and setting in _NEVER_NULL:
            checks.add(setting, "This must not be empty.")
    if checks.problems:
        raise ChangeRefusedError(*checks.problems)
    columns = _plain(checks)
    claims = _claims(checks)
    secret = _secret(checks)
    await _check_members(checks, columns)
    # The last, since it may ask somebody else: not for settings that are refused anyway.
    metadata = None if checks.problems else await _metadata(checks, columns)
    if checks.problems:
        raise ChangeRefusedError(*checks.problems)
    return Checked(columns, claims, secret, metadata)


def _plain(checks: _Checks) -> dict[str, Any]:
    columns: dict[str, Any] = {
        setting: checks.given[setting]
        for setting in ("signing_policy", "allow_unsolicited", "want_encrypted", "provision_members")
        if setting in checks.given
    }
    if "name" in checks.given:
        columns["name"] = checks.text("name", _LONGEST["name"])
    if "issuer" in checks.given:
        columns["issuer"] = checks.address("issuer")
        if columns["issuer"] is not None and urlsplit(columns["issuer"]).query:
            checks.add("issuer", "An issuer has no query.")
    if "client_id" in checks.given:
        columns["client_id"] = checks.text("client_id", _LONGEST["client_id"], only_ascii=True)
    if "step_up_acr" in checks.given:
        columns["step_up_acr"] = _acr(checks)
    return columns


def _acr(checks: _Checks) -> str | None:
    if checks.given["step_up_acr"] is None:
        return None
    value = checks.text("step_up_acr", _LONGEST["step_up_acr"], only_ascii=True)
    if value is not None and " " in value:
        # In acr_values blanks stand between one value and the next.
        checks.add("step_up_acr", "This is one value, without blanks.")
    return value


def _claims(checks: _Checks) -> dict[str, str | None]:
    return {
        name: None if checks.given[f"claim_{name}"] is None else checks.text(f"claim_{name}", _LONGEST_CLAIM)
        for name in CLAIMS
        if f"claim_{name}" in checks.given
    }


def _secret(checks: _Checks) -> str | None:
    if "client_secret" not in checks.given:
        return None
    if checks.given["client_secret"] is None:
        return ""
    return checks.text("client_secret", _LONGEST["client_secret"], only_ascii=True)


async def _check_members(checks: _Checks, columns: dict[str, Any]) -> None:
    """What becomes of somebody new."""
    if "default_org_unit_id" in checks.given:
        columns["default_org_unit_id"] = unit_id = checks.given["default_org_unit_id"]
        if unit_id is not None and not await OrgUnit.exists(id=unit_id):
            checks.add("default_org_unit_id", "There is no such org unit.", ProblemKind.UNKNOWN)
    if "role_mapping" in checks.given:
        columns["role_mapping"] = await _rules(checks, checks.given["role_mapping"])


async def _rules(checks: _Checks, rules: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    if len(rules) > _MOST_RULES:
        checks.add("role_mapping", f"There are at most {_MOST_RULES} rules.")
        return []
    held = await tenant_roles() if rules else {}
    for number, rule in enumerate(rules, 1):
        if not 0 < len(rule["claim"]) <= _LONGEST_CLAIM or not 0 < len(rule["value"]) <= _LONGEST_VALUE:
            checks.add("role_mapping", f"Rule {number} must name a claim and a value.")
        elif not (rule["claim"] + rule["value"]).isprintable():
            checks.add("role_mapping", f"Rule {number} holds characters that do not belong here.")
        elif rule["role"] not in held:
            checks.add("role_mapping", f"Rule {number} names a role that does not exist.", ProblemKind.UNKNOWN)
        elif not may_be_mapped(rule["role"], held[rule["role"]]):
            checks.add("role_mapping", f"Rule {number} names a role that only a member may give to another.")
    return [{"claim": rule["claim"], "value": rule["value"], "role": rule["role"]} for rule in rules]


async def _metadata(checks: _Checks, columns: dict[str, Any]) -> IdentityProviderMetadata | None:
    text, address = checks.given.get("metadata"), checks.given.get("metadata_url")
    if text is not None and address is not None:
        checks.add("metadata", "Give the document or its address, not both.")
        return None
    if text is None and address is None:
        columns.update({"metadata_url": None} if "metadata_url" in checks.given else {})
        return None
    setting = "metadata" if address is None else "metadata_url"
    try:
        if text is not None:
            raw = text.encode("utf-8")
            said = read_metadata(raw, checks.outbound, checks.now)
        else:
            address = checks.address("metadata_url")
            if address is None:
                return None
            raw, said = await fetched_metadata(checks.outbound, address, checks.now)
        document = raw.decode("utf-8")
    except (SignInRefusedError, UnicodeError) as refused:
        checks.add(setting, _why(setting, refused))
        return None
    columns.update(
        saml_metadata=document,
        metadata_url=address,
        issuer=said.entity_id,
        metadata_expires_at=said.expires_at,
        # While certificates are being exchanged there are two, and nothing is about to stop when the old one ends.
        certificate_expires_at=max(key.expires_at for key in said.keys),
    )
    return said


def _why(setting: str, refused: SignInRefusedError | UnicodeError) -> str:
    reason = refused.reason if isinstance(refused, SignInRefusedError) else Refusal.SAML_ENCODING
    if setting == "metadata_url" and reason in {Refusal.UNSAFE_ADDRESS, Refusal.PROVIDER_UNREACHABLE}:
        # One answer for both: else it would tell which names there are in our network.
        return "Nothing can be fetched from this address, or what is there names addresses that are not https."
    return f"This is no metadata of one SAML identity provider that we can work with ({reason.value})."
