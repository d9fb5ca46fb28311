"""Rows O3 to O17: a provider that lies, or that somebody else speaks for. Each attack changes one thing."""

from __future__ import annotations

import gzip
import hmac
import time
from typing import TYPE_CHECKING, Final

import orjson
import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.responses import JSONResponse, RedirectResponse, Response

from auth.sso.oidc import redirect_uri
from auth.sso.outbound import MAX_BYTES, Outbound
from auth.sso.refusal import Refusal, SignInRefusedError
from tests.auth.provider_double import (
    CLIENT_ID,
    ISSUER,
    ProviderDouble,
    SignIn,
    ec_key,
    encode,
    public,
    refusal,
    signed,
)
from tests.auth.tokens import SETTINGS

if TYPE_CHECKING:
    from joserfc.jwk import Key

RSA: Final = RSAKey.generate_key(2048)


async def test_an_honest_provider_is_believed() -> None:
    identity = await SignIn(ProviderDouble()).run()
    assert (identity.subject, identity.email, identity.email_verified) == ("subject-1", "owner@acme.example", True)
    assert identity.authenticated_at <= time.time()


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSA),
        ("PS256", RSA),
        ("ES256", ec_key()),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_every_algorithm_on_the_list_works(algorithm: str, key: Key) -> None:
    assert await refusal(ProviderDouble(key=key, algorithm=algorithm)) is None


# --- O3: which provider is answering? ------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["https://evil.example", ISSUER + "/", "", ISSUER.upper(), "null"])
async def test_o3_wrong_issuer_parameter_is_refused(issuer: str) -> None:
    double = ProviderDouble(callback={"iss": issuer})
    assert await refusal(double) is Refusal.ISSUER_PARAMETER
    assert double.requests["token"] == 0, "the code was sent to a provider that may not have issued it"


async def test_o3_missing_issuer_parameter_is_refused_where_it_was_promised() -> None:
    assert await refusal(ProviderDouble(callback={"iss": ...})) is Refusal.ISSUER_PARAMETER


async def test_o3_missing_issuer_parameter_is_accepted_where_none_was_promised() -> None:
    unpromised: dict[str, object] = {"authorization_response_iss_parameter_supported": ...}
    assert await refusal(ProviderDouble(discovery=unpromised, callback={"iss": ...})) is None


async def test_o3_wrong_issuer_parameter_is_refused_even_where_none_was_promised() -> None:
    unpromised: dict[str, object] = {"authorization_response_iss_parameter_supported": False}
    double = ProviderDouble(discovery=unpromised, callback={"iss": "https://evil.example"})
    assert await refusal(double) is Refusal.ISSUER_PARAMETER


# --- O4: the discovery document --------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["https://evil.example", ISSUER + "/", ISSUER.upper(), "", None, [ISSUER], ...])
async def test_o4_discovery_of_another_issuer_is_refused(issuer: object) -> None:
    double = ProviderDouble(discovery={"issuer": issuer})
    assert await refusal(double) is Refusal.DISCOVERY_ISSUER


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address",
    [
        "http://idp.example/x",
        "javascript:alert(1)",
        "//idp.example/x",
        "https://user:secret@idp.example/x",
        "https://idp.example/x#fragment",
        "https://idp.example\\@evil.example/",
        "https://[::1",
        "file:///etc/passwd",
        "ftp://idp.example/",
        "https:///x",
        "",
        7,
        None,
        ["https://idp.example/x"],
    ],
)
async def test_o4_an_endpoint_that_is_no_safe_address_is_refused(name: str, address: object) -> None:
    assert await refusal(ProviderDouble(discovery={name: address})) is Refusal.UNSAFE_ADDRESS


async def test_o4_a_document_that_is_refused_is_not_kept() -> None:
    double = ProviderDouble(discovery={"issuer": "https://evil.example"})
    sign_in = SignIn(double)
    with pytest.raises(SignInRefusedError):
        await sign_in.run()
    double.discovery = {}
    assert (await sign_in.run()).subject == "subject-1"


# --- O5 to O8: the signature -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE"])
@pytest.mark.parametrize("listed", [["ES256"], ["ES256", "none"], ["ES256", "nOnE", "None"]])
async def test_o5_an_unsigned_id_token_is_refused_even_if_discovery_lists_none(
    algorithm: str, listed: list[str]
) -> None:
    def unsigned(header: dict[str, object], claims: dict[str, object]) -> str:
        return f"{encode(header | {'alg': algorithm})}.{encode(claims)}."

    def unsigned_with_a_filler(header: dict[str, object], claims: dict[str, object]) -> str:
        return unsigned(header, claims) + "AA"

    discovery: dict[str, object] = {"id_token_signing_alg_values_supported": listed}
    assert await refusal(ProviderDouble(discovery=discovery, id_token=unsigned)) is Refusal.ID_TOKEN_FORM
    double = ProviderDouble(discovery=discovery, id_token=unsigned_with_a_filler)
    assert await refusal(double) is Refusal.ID_TOKEN_ALGORITHM


@pytest.mark.parametrize("listed", [["none"], ["HS256"], ["none", "HS256", "ES384"], [], ["es256"], [7]])
async def test_o5_a_provider_without_an_algorithm_of_ours_is_refused(listed: list[object]) -> None:
    double = ProviderDouble(discovery={"id_token_signing_alg_values_supported": listed})
    assert await refusal(double) is Refusal.NO_COMMON_ALGORITHM


@pytest.mark.parametrize("listed", [["ES256"], ["ES256", "HS256"]])
async def test_o6_an_hmac_with_something_public_or_shared_is_refused(listed: list[str]) -> None:
    double = ProviderDouble(discovery={"id_token_signing_alg_values_supported": listed})
    assert isinstance(double.key, ECKey)
    secrets = (
        double.key.as_pem(private=False),
        double.key.as_der(private=False),
        encode(public(double.key)).encode(),
        b"correct horse battery staple",
    )
    for secret in secrets:

        def with_hmac(header: dict[str, object], claims: dict[str, object], secret: bytes = secret) -> str:
            text = f"{encode(header | {'alg': 'HS256'})}.{encode(claims)}"
            tag = hmac.digest(secret, text.encode(), "sha256")
            return f"{text}.{encode(tag)}"

        double.id_token = with_hmac
        assert await refusal(double) is Refusal.ID_TOKEN_ALGORITHM


async def test_o6_a_listed_algorithm_with_a_key_of_another_kind_is_refused() -> None:
    double = ProviderDouble(discovery={"id_token_signing_alg_values_supported": ["ES256", "RS256"]})
    double.id_token = lambda header, claims: signed(header | {"alg": "RS256"}, claims, RSA, "RS256")
    assert await refusal(double) is Refusal.ID_TOKEN_KEY


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
async def test_o7_a_token_that_brings_its_own_key_is_refused_without_a_fetch(name: str) -> None:
    attacker = ec_key()
    values = {"jwk": public(attacker), "jku": f"{ISSUER}/evil", "x5u": f"{ISSUER}/evil", "x5c": ["AAAA"]}
    double = ProviderDouble()
    double.id_token = lambda header, claims: signed(header | {name: values[name]}, claims, attacker, "ES256")
    assert await refusal(double) is Refusal.ID_TOKEN_FORM
    assert double.requests["jwks"] == 0


async def test_o7_another_key_under_the_same_key_id_is_refused() -> None:
    double = ProviderDouble()
    attacker = ec_key()
    double.id_token = lambda header, claims: signed(header, claims, attacker, "ES256")
    assert await refusal(double) is Refusal.ID_TOKEN_SIGNATURE


@pytest.mark.parametrize("kid", ["../../etc/passwd", "key-1'--", "https://evil.example/k", "", 7, ["key-1"], None])
async def test_o7_a_strange_key_id_is_refused(kid: object) -> None:
    double = ProviderDouble(keys=[public(ec_key(), kid="key-0"), public(ec_key(), kid="key-2")], header={"kid": kid})
    assert await refusal(double) is Refusal.ID_TOKEN_KEY


@pytest.mark.parametrize("extra", [{"crit": ["exp"], "exp": 1}, {"crit": ["x"], "x": 1}, {"crit": []}, {"b64": False}])
async def test_o7_an_unknown_critical_header_is_refused(extra: dict[str, object]) -> None:
    assert await refusal(ProviderDouble(header=extra)) is Refusal.ID_TOKEN_FORM


async def test_o7_two_keys_of_one_name_are_not_guessed_between() -> None:
    double = ProviderDouble()
    double.keys = [public(ec_key(), kid="key-1"), public(double.key, kid="key-1")]
    assert await refusal(double) is Refusal.ID_TOKEN_KEY


async def test_o8_without_a_key_id_the_only_key_is_taken() -> None:
    assert await refusal(ProviderDouble(kid=None)) is None


async def test_o8_without_a_key_id_no_key_is_guessed_among_several() -> None:
    double = ProviderDouble(kid=None)
    double.keys = [public(double.key), public(ec_key())]
    assert await refusal(double) is Refusal.ID_TOKEN_KEY


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_weak_key_is_not_used() -> None:
    weak = RSAKey.generate_key(1024)
    assert await refusal(ProviderDouble(key=weak, algorithm="RS256")) is Refusal.ID_TOKEN_KEY


@pytest.mark.parametrize("use", ["enc", "x", None])
async def test_a_key_for_something_else_is_not_used(use: object) -> None:
    double = ProviderDouble()
    double.keys = [public(double.key, kid="key-1") | {"use": use}]
    assert await refusal(double) is Refusal.ID_TOKEN_KEY


# --- O9 to O14: the claims -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["https://evil.example", ISSUER + "/", ISSUER.upper(), "", None, 7, [ISSUER], ...])
async def test_o9_an_id_token_of_another_issuer_is_refused(issuer: object) -> None:
    assert await refusal(ProviderDouble(claims={"iss": issuer})) is Refusal.ID_TOKEN_CLAIMS


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "someone-else"},
        {"aud": "someone-else", "azp": CLIENT_ID},
        {"aud": ["someone-else"], "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "someone-else"]},
        {"aud": [CLIENT_ID, "someone-else"], "azp": "someone-else"},
        {"aud": CLIENT_ID, "azp": "someone-else"},
        {"aud": CLIENT_ID.upper()},
        {"aud": ""},
        {"aud": []},
        {"aud": None},
        {"aud": {CLIENT_ID: 1}},
        {"aud": [[CLIENT_ID]]},
        {"aud": ...},
    ],
)
async def test_o10_an_id_token_for_someone_else_is_refused(claims: dict[str, object]) -> None:
    assert await refusal(ProviderDouble(claims=claims)) is Refusal.ID_TOKEN_CLAIMS


@pytest.mark.parametrize(
    "claims",
    [{"aud": [CLIENT_ID]}, {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}, {"aud": CLIENT_ID, "azp": CLIENT_ID}],
)
async def test_o10_an_audience_that_names_us_properly_is_accepted(claims: dict[str, object]) -> None:
    assert await refusal(ProviderDouble(claims=claims)) is None


NOW: Final = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 3600},
        {"exp": ...},
        {"exp": None},
        {"exp": str(NOW + 3600)},
        {"exp": True},
        {"iat": NOW + 3600, "exp": NOW + 7200},
        {"iat": ...},
        {"iat": "now"},
        {"nbf": NOW + 3600},
        {"nbf": "x"},
    ],
)
async def test_o11_an_id_token_outside_its_time_is_refused(claims: dict[str, object]) -> None:
    assert await refusal(ProviderDouble(claims=claims)) is Refusal.ID_TOKEN_CLAIMS


async def test_o11_a_minute_of_skew_between_the_clocks_is_allowed() -> None:
    now = int(time.time())
    assert await refusal(ProviderDouble(claims={"iat": now + 30, "exp": now + 300})) is None


async def test_o12_an_id_token_made_long_before_the_code_was_exchanged_is_refused() -> None:
    assert await refusal(ProviderDouble(claims={"iat": NOW - 86_400, "exp": NOW + 3600})) is Refusal.ID_TOKEN_AGE


@pytest.mark.parametrize("nonce", ["wrong", "", None, 7, ["nonce"], ...])
async def test_o13_a_missing_or_wrong_nonce_is_refused(nonce: object) -> None:
    assert await refusal(ProviderDouble(claims={"nonce": nonce})) is Refusal.ID_TOKEN_CLAIMS


async def test_o13_the_nonce_of_another_attempt_is_refused() -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    await sign_in.begin()
    old_nonce = double.authorization["nonce"][0]
    attempt = await sign_in.begin()
    double.claims = {"nonce": old_nonce}
    with pytest.raises(SignInRefusedError) as refused:
        await sign_in.oidc.identity(sign_in.provider, attempt, sign_in.query())
    assert refused.value.reason is Refusal.ID_TOKEN_CLAIMS


@pytest.mark.parametrize(
    "subject", [..., 7, None, "", "x" * 256, "x" * 300, "a\x00b", "ä", "a\nb", ["a"], {"a": 1}, True]
)
async def test_o14_a_subject_of_the_wrong_shape_is_refused(subject: object) -> None:
    refused = await refusal(ProviderDouble(claims={"sub": subject}))
    assert refused in {Refusal.ID_TOKEN_CLAIMS, Refusal.ID_TOKEN_SUBJECT}


@pytest.mark.parametrize("subject", ["x" * 255, "auth0|5f7c", "00000000-0000", "CN=Müller"[:3]])
async def test_o14_a_subject_of_the_right_shape_is_accepted(subject: str) -> None:
    assert (await SignIn(ProviderDouble(claims={"sub": subject})).run()).subject == subject


# --- O15, O16: what comes with the ID token --------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["wrong", "AAAAAAAAAAAAAAAAAAAAAA", 7, ["x"]])
async def test_o15_an_access_token_that_was_swapped_is_refused(value: object) -> None:
    assert await refusal(ProviderDouble(claims={"at_hash": value})) is Refusal.ID_TOKEN_CLAIMS
    assert await refusal(ProviderDouble(token_response={"access_token": "another"})) is Refusal.ID_TOKEN_CLAIMS


async def test_o15_a_provider_need_not_send_the_hash() -> None:
    assert await refusal(ProviderDouble(claims={"at_hash": ...})) is None


@pytest.mark.parametrize("id_token", [..., None, 7, [], {"a": 1}])
async def test_o16_a_response_without_an_id_token_is_refused(id_token: object) -> None:
    assert await refusal(ProviderDouble(token_response={"id_token": id_token})) is Refusal.ID_TOKEN_MISSING


@pytest.mark.parametrize("id_token", ["", "x", "a.b.c", "a.b.c.d.e", "x" * 100_000])
async def test_o16_an_id_token_that_is_no_token_is_refused(id_token: str) -> None:
    assert await refusal(ProviderDouble(token_response={"id_token": id_token})) is Refusal.ID_TOKEN_FORM


@pytest.mark.parametrize("kind", ["at+jwt", "logout+jwt", "", 7, None])
async def test_a_token_of_another_type_is_not_taken_for_an_id_token(kind: object) -> None:
    assert await refusal(ProviderDouble(header={"typ": kind})) is Refusal.ID_TOKEN_FORM


async def test_an_id_token_need_not_say_its_type() -> None:
    assert await refusal(ProviderDouble(header={"typ": ...})) is None


# --- O17, in part: an e-mail address that nobody vouches for. The rest is in test_membership.py ----------------------


@pytest.mark.parametrize("verified", [False, "true", "false", 1, None, ..., ["true"]])
async def test_o17_only_true_itself_verifies_an_email_address(verified: object) -> None:
    identity = await SignIn(ProviderDouble(claims={"email_verified": verified})).run()
    assert not identity.email_verified


async def test_o17_the_userinfo_of_another_person_is_refused() -> None:
    double = ProviderDouble(
        discovery={"userinfo_endpoint": f"{ISSUER}/userinfo"},
        claims={"email": ..., "email_verified": ...},
        userinfo={"sub": "somebody-else", "email": "admin@acme.example", "email_verified": True},
    )
    assert await refusal(double) is Refusal.USERINFO


async def test_o17_userinfo_fills_in_the_address_that_the_id_token_leaves_out() -> None:
    double = ProviderDouble(
        discovery={"userinfo_endpoint": f"{ISSUER}/userinfo"},
        claims={"email": ..., "email_verified": ...},
        userinfo={"sub": "subject-1", "email": "owner@acme.example", "email_verified": True},
    )
    identity = await SignIn(double).run()
    assert (identity.email, identity.email_verified) == ("owner@acme.example", True)


# --- What a provider may send at all ---------------------------------------------------------------------------------


ENDPOINTS: Final = ("discovery", "jwks", "token")


def packed(body: dict[str, object]) -> Response:
    return Response(gzip.compress(orjson.dumps(body)), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_an_answer_may_be_as_large_as_we_read_and_no_larger(name: str) -> None:
    double = ProviderDouble()
    double.answers[name] = lambda body: JSONResponse(body | {"padding": "x" * (MAX_BYTES - 10_000)})
    assert await refusal(double) is None
    double.answers[name] = lambda body: JSONResponse(body | {"padding": "x" * MAX_BYTES})
    assert await refusal(double) is Refusal.PROVIDER_ANSWER


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_an_answer_that_is_packed_is_not_unpacked(name: str) -> None:
    double = ProviderDouble()
    double.answers[name] = packed
    assert await refusal(double) is Refusal.PROVIDER_ANSWER


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(RedirectResponse(f"{ISSUER}/elsewhere"), id="a redirect"),
        pytest.param(Response(b"", status_code=500), id="a failure"),
        pytest.param(Response(b"<html>"), id="no JSON"),
        pytest.param(JSONResponse([]), id="no object"),
        pytest.param(JSONResponse({"error": "invalid_grant"}, 400), id="an error"),
        pytest.param(Response(b'{"a":' * 20_000), id="nested too deep"),
    ],
)
async def test_an_answer_that_is_something_else_is_refused(name: str, answer: Response) -> None:
    double = ProviderDouble()
    double.answers[name] = lambda _body: answer
    assert await refusal(double) in {Refusal.PROVIDER_ANSWER, Refusal.CODE_EXCHANGE, Refusal.PROVIDER_UNREACHABLE}


@pytest.mark.parametrize("expires_in", ["soon", [], {}, None])
async def test_an_odd_lifetime_in_the_token_response_does_no_harm(expires_in: object) -> None:
    refused = await refusal(ProviderDouble(token_response={"expires_in": expires_in}))
    assert refused in {None, Refusal.CODE_EXCHANGE}


async def test_a_code_is_exchanged_with_the_verifier_that_the_challenge_was_made_of() -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    attempt = await sign_in.begin()
    await sign_in.oidc.identity(sign_in.provider, attempt, sign_in.query())
    sent = double.authorization
    assert sent["code_challenge_method"] == ["S256"]
    assert attempt.code_verifier not in str(sent)
    assert double.exchanges[0]["code_verifier"] == [attempt.code_verifier]
    assert sent["redirect_uri"] == double.exchanges[0]["redirect_uri"] == [redirect_uri(SETTINGS, sign_in.provider.id)]
    assert (sent["response_type"], sent["scope"]) == (["code"], ["openid email profile"])


@pytest.mark.parametrize(
    ("callback", "reason"),
    [
        ({"state": "another"}, Refusal.STATE),
        ({"state": ""}, Refusal.STATE),
        ({"state": ...}, Refusal.STATE),
        ({"code": ...}, Refusal.CODE_MISSING),
        ({"code": ""}, Refusal.CODE_MISSING),
        ({"code": "x" * 9_000}, Refusal.CODE_MISSING),
        ({"error": "access_denied", "code": ...}, Refusal.PROVIDER_ERROR),
        ({"error": "access_denied"}, Refusal.PROVIDER_ERROR),
    ],
)
async def test_a_callback_that_does_not_answer_our_request_is_refused(
    callback: dict[str, object], reason: Refusal
) -> None:
    double = ProviderDouble(callback=callback)
    assert await refusal(double) is reason
    assert double.requests["token"] == 0


@pytest.mark.parametrize("name", ["state", "code", "iss"])
async def test_a_parameter_given_twice_is_refused(name: str) -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    attempt = await sign_in.begin()
    with pytest.raises(SignInRefusedError) as refused:
        await sign_in.oidc.identity(sign_in.provider, attempt, f"{sign_in.query()}&{name}=x")
    assert refused.value.reason is Refusal.PARAMETER_TWICE


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/x", "http://localhost/x", "http://[::1]:9/x"])
def test_plain_http_is_for_development_on_this_machine_only(address: str) -> None:
    assert Outbound(SETTINGS).safe_address(address) == address
    production = SETTINGS.model_copy(update={"environment": "production"})
    with pytest.raises(SignInRefusedError):
        Outbound(production).safe_address(address)
    assert Outbound(production).safe_address("https://idp.example/x") == "https://idp.example/x"
