"""Why a sign-in was refused: a fixed word for the log, and nothing for the person's eyes but a reference number."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What was wrong. Operators search their logs for these."""

    UNKNOWN_TENANT = "unknown_tenant"
    NO_IDENTITY_PROVIDER = "no_identity_provider"
    SEALED = "secret_of_the_connection_does_not_open"
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
    SAML_SIZE = "saml_message_size"
    SAML_ENCODING = "saml_message_encoding"
    SAML_MARKUP = "saml_forbidden_markup"
    SAML_XML = "saml_message_not_xml"
    SAML_NAMESPACE = "saml_relative_namespace"
    SAML_STRUCTURE = "saml_unexpected_element"
    SAML_IDENTIFIER = "saml_identifier_twice"
    SAML_SCHEMA = "saml_schema_invalid"
    SAML_SIGNATURE_MISSING = "saml_signature_missing"
    SAML_SIGNATURE_FORM = "saml_signature_form"
    SAML_SIGNATURE = "saml_signature_does_not_hold"
    SAML_ENCRYPTION_MISSING = "saml_assertion_not_encrypted"
    SAML_ENCRYPTION = "saml_assertion_not_decrypted"
    SAML_VERSION = "saml_version"
    SAML_ISSUER = "saml_issuer_differs"
    SAML_DESTINATION = "saml_destination_differs"
    SAML_STATUS = "saml_status_not_success"
    SAML_ASSERTIONS = "saml_not_one_assertion"
    SAML_IN_RESPONSE_TO = "saml_in_response_to_differs"
    SAML_UNSOLICITED = "saml_unsolicited"
    SAML_ISSUE_INSTANT = "saml_issue_instant"
    SAML_CONDITIONS = "saml_conditions"
    SAML_AUDIENCE = "saml_audience"
    SAML_CONFIRMATION = "saml_subject_confirmation"
    SAML_RECIPIENT = "saml_recipient_differs"
    SAML_AUTHN_STATEMENT = "saml_authn_statement"
    SAML_NAME_ID = "saml_name_id"
    SAML_RELAY_STATE = "saml_relay_state_differs"
    SAML_REPLAYED = "saml_message_used_before"
    SAML_METADATA = "saml_metadata_unusable"
    SAML_BINDING = "saml_binding"
    SAML_BUSY = "saml_too_many_waiting"
    MAX_AGE = "max_age_unusable"
    SIGN_IN_TOO_OLD = "sign_in_older_than_asked_for"
    SIGN_IN_TOO_WEAK = "sign_in_weaker_than_asked_for"
    EMAIL_UNVERIFIED = "email_unverified"
    EMAIL_DOMAIN = "email_outside_the_verified_domains"
    NO_SUCH_MEMBER = "no_such_member"
    MEMBER_INACTIVE = "member_inactive"
    ORG_UNIT_MISSING = "no_org_unit_for_new_members"
    CHANGE = "change_of_the_connection_cannot_be_put_in_force"
    TICKET = "test_ticket_not_ours_or_over"
    LOGOUT_TOKEN = "logout_token"  # noqa: S105 - a reason, not a secret
    LOGOUT_REPLAYED = "logout_token_used_before"


class SignInRefusedError(Exception):
    """The sign-in ends here. No value of the request or of the provider is in it, so it may be logged.

    Attributes:
        reason: what was wrong.
    """

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason
