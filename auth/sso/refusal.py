"""Why a sign-in was refused: a fixed word for the log, and nothing for the person's eyes but a reference number."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What was wrong. Operators search their logs for these."""

    UNKNOWN_TENANT = "unknown_tenant"
    NO_IDENTITY_PROVIDER = "no_identity_provider"
    UNSAFE_ADDRESS = "unsafe_address"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    PROVIDER_ANSWER = "provider_answer_unusable"
    DISCOVERY_ISSUER = "discovery_issuer_differs"
    DISCOVERY_INCOMPLETE = "discovery_incomplete"
    NO_COMMON_ALGORITHM = "no_common_algorithm"
    NO_COMMON_CLIENT_AUTHENTICATION = "no_common_client_authentication"
    ATTEMPT_MISSING = "attempt_missing"
    ATTEMPT_EXPIRED = "attempt_expired"
    ATTEMPT_USED = "attempt_used"
    PARAMETER_TWICE = "parameter_twice"
    STATE = "state_differs"
    ISSUER_PARAMETER = "issuer_parameter"
    PROVIDER_ERROR = "provider_reported_an_error"
    CODE_MISSING = "code_missing"
    CODE_EXCHANGE = "code_exchange_failed"
    ID_TOKEN_MISSING = "id_token_missing"  # noqa: S105 # a reason, not a secret
    ID_TOKEN_FORM = "id_token_form"  # noqa: S105 - as above
    ID_TOKEN_ALGORITHM = "id_token_algorithm"  # noqa: S105 - as above
    ID_TOKEN_KEY = "id_token_key"  # noqa: S105 - as above
    ID_TOKEN_SIGNATURE = "id_token_signature"  # noqa: S105 - as above
    ID_TOKEN_CLAIMS = "id_token_claims"  # noqa: S105 - as above
    ID_TOKEN_AGE = "id_token_age"  # noqa: S105 - as above
    ID_TOKEN_SUBJECT = "id_token_subject"  # noqa: S105 - as above
    USERINFO = "userinfo_unusable"
    EMAIL_UNVERIFIED = "email_unverified"
    NO_SUCH_MEMBER = "no_such_member"
    MEMBER_INACTIVE = "member_inactive"


class SignInRefusedError(Exception):
    """The sign-in ends here. No value of the request or of the provider is in it, so it may be logged.

    Attributes:
        reason: what was wrong.
    """

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason
