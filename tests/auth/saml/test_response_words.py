"""S18 to S28, S31 and S34 of the security cases: what a response says, honestly signed, and to whom."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from auth.sso.refusal import Refusal
from auth.sso.saml.certificate import trusted_key
from auth.sso.saml.names import tag
from tests.auth.saml.provider_double import (
    NOW,
    REQUEST,
    Case,
    Words,
    assertion,
    at,
    key_pair,
    response,
    sign,
    text,
)
from tests.auth.saml.verification import every_case, reason, said, taken


@every_case
def test_s18_an_audience_that_is_not_us_is_refused(case: Case) -> None:
    assert said(case, audience="https://other.example") == Refusal.SAML_AUDIENCE
    assert said(case, audience=None) == Refusal.SAML_AUDIENCE
    assert said(case, conditions=False) == Refusal.SAML_CONDITIONS


@every_case
def test_s18_every_audience_restriction_has_to_be_met(case: Case) -> None:
    def second(inner: Any) -> None:
        restriction = etree.SubElement(inner.find(tag("a:Conditions")), tag("a:AudienceRestriction"))
        etree.SubElement(restriction, tag("a:Audience")).text = "https://other.example"

    assert reason(case, text(case.message(change=second))) == Refusal.SAML_AUDIENCE


@every_case
@pytest.mark.parametrize("address", ["https://evil.example/acs", None, ""])
def test_s19_a_wrong_or_missing_recipient_or_destination_is_refused(case: Case, address: str | None) -> None:
    assert said(case, recipient=address) == Refusal.SAML_RECIPIENT
    assert said(case, destination=address) == Refusal.SAML_DESTINATION


@every_case
def test_s20_a_response_to_another_request_is_refused(case: Case) -> None:
    assert said(case, in_response_to="_unknown") == Refusal.SAML_IN_RESPONSE_TO
    assert said(case, confirmed_request="_unknown") == Refusal.SAML_IN_RESPONSE_TO
    assert said(case, confirmed_request=None) == Refusal.SAML_IN_RESPONSE_TO
    assert said(case, in_response_to=None, confirmed_request=REQUEST) == Refusal.SAML_IN_RESPONSE_TO
    assert said(case, in_response_to=None) == Refusal.SAML_UNSOLICITED


@every_case
def test_s20_a_browser_without_a_request_takes_no_answer_to_one(case: Case) -> None:
    assert reason(case, text(case.message()), request_id=None) == Refusal.SAML_IN_RESPONSE_TO
    assert reason(case, text(case.message()), request_id=None, unsolicited=True) == Refusal.SAML_IN_RESPONSE_TO


@every_case
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"not_on_or_after": at(seconds=-61)}, Refusal.SAML_CONDITIONS),
        ({"not_on_or_after": None}, Refusal.SAML_CONDITIONS),
        ({"not_before": at(seconds=61)}, Refusal.SAML_CONDITIONS),
        ({"confirmation_not_on_or_after": at(seconds=-61)}, Refusal.SAML_CONFIRMATION),
        ({"confirmation_not_on_or_after": None}, Refusal.SAML_CONFIRMATION),
        ({"confirmation_not_before": at(seconds=61)}, Refusal.SAML_CONFIRMATION),
        ({"issue_instant": at(seconds=-661)}, Refusal.SAML_ISSUE_INSTANT),
        ({"issue_instant": at(seconds=61)}, Refusal.SAML_ISSUE_INSTANT),
        ({"assertion_instant": at(days=-2)}, Refusal.SAML_ISSUE_INSTANT),
        ({"assertion_instant": at(seconds=61)}, Refusal.SAML_ISSUE_INSTANT),
        ({"assertion_instant": "2026-11-25T12:00:00"}, Refusal.SAML_ISSUE_INSTANT),
        ({"session_not_on_or_after": at(seconds=-61)}, Refusal.SAML_AUTHN_STATEMENT),
        ({"authn_instant": at(seconds=61)}, Refusal.SAML_AUTHN_STATEMENT),
        ({"authn_instant": None}, Refusal.SAML_AUTHN_STATEMENT),
    ],
    ids=str,
)
def test_s21_a_time_that_does_not_fit_is_refused(case: Case, words: dict[str, str | None], expected: Refusal) -> None:
    assert said(case, **words) == expected


@every_case
def test_s21_clocks_may_differ_by_less_than_a_minute(case: Case) -> None:
    words = replace(
        Words(),
        not_on_or_after=at(seconds=-59),
        confirmation_not_on_or_after=at(seconds=-59),
        not_before=at(seconds=59),
        issue_instant=at(seconds=59),
        assertion_instant=at(seconds=59),
        authn_instant=at(seconds=59),
        session_not_on_or_after=at(seconds=-59),
    )
    found = taken(case, text(case.message(words)))
    assert found.authenticated_at == NOW
    assert found.memorable_until >= NOW + timedelta(seconds=60)


@every_case
@pytest.mark.parametrize("method", ["sender-vouches", "holder-of-key"])
def test_s23_only_bearers_are_taken(case: Case, method: str) -> None:
    assert said(case, method=f"urn:oasis:names:tc:SAML:2.0:cm:{method}") == Refusal.SAML_CONFIRMATION


@every_case
def test_s23_two_confirmations_are_refused(case: Case) -> None:
    def second(inner: Any) -> None:
        confirmation = next(inner.iter(tag("a:SubjectConfirmation")))
        other = copy.deepcopy(confirmation)
        other.set("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
        confirmation.addnext(other)

    assert reason(case, text(case.message(change=second))) == Refusal.SAML_STRUCTURE


@every_case
def test_s24_issuers_of_response_and_assertion_must_both_be_the_expected_one(case: Case) -> None:
    assert said(case, assertion_issuer="https://other.example") == Refusal.SAML_ISSUER
    assert (
        said(case, issuer="https://other.example", assertion_issuer="https://idp.example/saml") == Refusal.SAML_ISSUER
    )


@every_case
def test_s25_a_response_for_another_tenants_connection_to_the_same_provider_is_refused(case: Case) -> None:
    raw = text(case.message())
    ours = {"audience": "https://gateway.example/saml/globex/metadata/2"}
    theirs = {"recipient": "https://gateway.example/saml/globex/acs/2"}
    assert reason(case, raw, **ours) == Refusal.SAML_AUDIENCE
    assert reason(case, raw, **theirs) == Refusal.SAML_DESTINATION
    assert reason(case, raw, request_id="_of-globex") == Refusal.SAML_IN_RESPONSE_TO


@every_case
@pytest.mark.parametrize("status", ["urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:evil", "Success"])
def test_s27_a_status_other_than_success_is_refused(case: Case, status: str) -> None:
    assert said(case, status=status) == Refusal.SAML_STATUS


@every_case
def test_s27_no_status_is_refused(case: Case) -> None:
    assert said(case, status=None) == Refusal.SAML_SCHEMA


@every_case
def test_s27_two_assertions_or_none_are_refused(case: Case) -> None:
    none = sign(response(Words()), key_pair("idp"))
    assert reason(case, text(none)) == Refusal.SAML_ASSERTIONS
    each = [case.wrapped(sign(assertion(Words()), key_pair("idp"))) for _ in range(2)]
    two = sign(response(Words(), *each), key_pair("idp"))
    assert reason(case, text(two)) == Refusal.SAML_STRUCTURE


@every_case
def test_s28_an_unsolicited_response_is_refused_unless_the_connection_takes_them(case: Case) -> None:
    raw = text(case.message(replace(Words(), in_response_to=None)))
    assert reason(case, raw) == Refusal.SAML_UNSOLICITED
    assert taken(case, raw, unsolicited=True, request_id=None).request_id is None


@every_case
def test_s31_either_of_two_certificates_is_taken_and_a_removed_one_is_not(case: Case) -> None:
    old, new = (trusted_key(key_pair(name).certificate_text) for name in ("idp", "idp-next"))
    for name in ("idp", "idp-next"):
        assert taken(case, text(case.message(key=name)), keys=(old, new)).name.value == "ada"
    assert reason(case, text(case.message(key="idp")), keys=(new,)) == Refusal.SAML_SIGNATURE


@every_case
@pytest.mark.parametrize(
    "words",
    [
        {"name": "Ada"},
        {"name_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
        {"name_format": None},
        {"name_qualifier": "https://other.example"},
    ],
    ids=str,
)
def test_s34_a_name_in_another_sense_is_another_person(case: Case, words: dict[str, str | None]) -> None:
    ada = taken(case, text(case.message())).name.subject
    other = taken(case, text(case.message(replace(Words(), **words)))).name.subject  # type: ignore[arg-type] # by name
    assert ada != other
    assert max(len(ada), len(other)) < 100


@every_case
@pytest.mark.parametrize(
    "words",
    [{"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, {"name": ""}, {"name": "x" * 600}],
    ids=["transient", "empty", "long"],
)
def test_s34_a_name_that_does_not_stay_somebodys_is_refused(case: Case, words: dict[str, str]) -> None:
    assert said(case, **words) == Refusal.SAML_NAME_ID


def test_s34_a_qualifier_that_goes_without_saying_is_the_providers() -> None:
    case = Case("both", encrypted=False)
    said_so = taken(case, text(case.message(replace(Words(), name_qualifier="https://idp.example/saml"))))
    assert said_so.name.subject == taken(case, text(case.message())).name.subject
