"""Responses in the shapes that widely used products give them, as far as their documentation and source show.

They are put together here, not recorded: names are invented, keys are the double's. What differs is how products
write: prefixes and default namespaces, where namespaces are declared, what signatures show of the key, which
transforms and attributes there are beside what is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
import xmlsec
from lxml import etree

from auth.sso.saml.names import EMAIL_ADDRESS, PERSISTENT, UNSPECIFIED
from tests.auth.saml.provider_double import AUDIENCE, ISSUER, RECIPIENT, REQUEST, Case, at, key_pair
from tests.auth.saml.verification import taken

P: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
A: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXC: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XS: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
OK: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
CLASSES: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
CERTIFICATE: Final = key_pair("idp").certificate_text

HEAD: Final = f'Version="2.0" IssueInstant="{at()}"'
SENT: Final = f'Destination="{RECIPIENT}" InResponseTo="{REQUEST}"'
DATA: Final = f'InResponseTo="{REQUEST}" NotOnOrAfter="{at(minutes=5)}" Recipient="{RECIPIENT}"'
TIMES: Final = f'NotBefore="{at(minutes=-1)}" NotOnOrAfter="{at(minutes=5)}"'


def signature(prefix: str, identifier: str, key_info: str, *, inclusive: str = "") -> str:
    """An empty signature for an element: a colon at the end of the prefix, or the default namespace."""
    p, declared = prefix, f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    prefixes = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{inclusive}"/>' if inclusive else ""
    return (
        f'<{p}Signature {declared}="{DS}"><{p}SignedInfo><{p}CanonicalizationMethod Algorithm="{EXC}"/>'
        f'<{p}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
        f'<{p}Reference URI="#{identifier}"><{p}Transforms><{p}Transform Algorithm="{DS}enveloped-signature"/>'
        f'<{p}Transform Algorithm="{EXC}">{prefixes}</{p}Transform></{p}Transforms>'
        f'<{p}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><{p}DigestValue></{p}DigestValue>'
        f"</{p}Reference></{p}SignedInfo><{p}SignatureValue></{p}SignatureValue>{key_info}</{p}Signature>"
    )


def signed(document: str, *identifiers: str) -> bytes:
    """Fill in the signatures of the elements of these identifiers, in this order."""
    root = etree.fromstring(document.encode())
    for identifier in identifiers:
        (element,) = root.xpath("//*[@ID=$identifier]", identifier=identifier)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(key_pair("idp").key_pem, xmlsec.constants.KeyDataFormatPem)
        context.register_id(element, "ID")
        (template,) = element.xpath("ds:Signature", namespaces={"ds": DS})
        context.sign(template)
    serialised: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return serialised


def okta() -> bytes:
    key = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    entity = 'Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"'
    names = 'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"'
    value = f'<saml2:AttributeValue xmlns:xs="{XS}" xmlns:xsi="{XSI}" xsi:type="xs:string">'
    return signed(
        f'<saml2p:Response {SENT} ID="id30" {HEAD} xmlns:saml2p="{P}" xmlns:xs="{XS}">'
        f'<saml2:Issuer xmlns:saml2="{A}" {entity}>{ISSUER}</saml2:Issuer>'
        f"{signature('ds:', 'id30', key, inclusive='xs')}"
        f'<saml2p:Status xmlns:saml2p="{P}"><saml2p:StatusCode Value="{OK}"/></saml2p:Status>'
        f'<saml2:Assertion xmlns:saml2="{A}" ID="id31" {HEAD} xmlns:xs="{XS}"><saml2:Issuer {entity}>'
        f"{ISSUER}</saml2:Issuer>"
        f'{signature("ds:", "id31", key, inclusive="xs")}<saml2:Subject xmlns:saml2="{A}">'
        f'<saml2:NameID Format="{PERSISTENT}">ada</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}">'
        f"<saml2:SubjectConfirmationData {DATA}/></saml2:SubjectConfirmation></saml2:Subject>"
        f"<saml2:Conditions {TIMES}><saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience>"
        f'</saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement AuthnInstant="{at()}"'
        f' SessionIndex="{REQUEST}"><saml2:AuthnContext><saml2:AuthnContextClassRef>{CLASSES}'
        "PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
        f'<saml2:AttributeStatement><saml2:Attribute Name="email" {names}>'
        f"{value}ada@acme.example</saml2:AttributeValue>"
        f'</saml2:Attribute><saml2:Attribute Name="groups" {names}>{value}a</saml2:AttributeValue>{value}b'
        "</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement></saml2:Assertion></saml2p:Response>",
        "id31",
        "id30",
    )


def entra() -> bytes:
    key = f"<KeyInfo><X509Data><X509Certificate>{CERTIFICATE}</X509Certificate></X509Data></KeyInfo>"
    groups = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
    return signed(
        f'<samlp:Response ID="_r" {HEAD} {SENT} xmlns:samlp="{P}"><Issuer xmlns="{A}">{ISSUER}</Issuer><samlp:Status>'
        f'<samlp:StatusCode Value="{OK}"/></samlp:Status><Assertion ID="_a" {HEAD} xmlns="{A}"><Issuer>'
        f"{ISSUER}</Issuer>"
        f'{signature("", "_a", key)}<Subject><NameID Format="{PERSISTENT}">ada</NameID>'
        f'<SubjectConfirmation Method="{BEARER}"><SubjectConfirmationData {DATA}/></SubjectConfirmation></Subject>'
        f"<Conditions {TIMES}><AudienceRestriction><Audience>{AUDIENCE}</Audience></AudienceRestriction></Conditions>"
        f'<AttributeStatement><Attribute Name="{CLAIMS}emailaddress"><AttributeValue>ada@acme.example</AttributeValue>'
        f'</Attribute><Attribute Name="{groups}"><AttributeValue>a</AttributeValue><AttributeValue>b</AttributeValue>'
        f'</Attribute></AttributeStatement><AuthnStatement AuthnInstant="{at()}" SessionIndex="_a"><AuthnContext>'
        f"<AuthnContextClassRef>{CLASSES}Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>"
        "</samlp:Response>",
        "_a",
    )


def ad_fs() -> bytes:
    key = (
        f'<KeyInfo xmlns="{DS}"><ds:X509Data><ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate>'
        "</ds:X509Data></KeyInfo>"
    )
    consent = 'Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"'
    return signed(
        f'<samlp:Response ID="_r" {HEAD} {SENT} {consent} xmlns:samlp="{P}"><Issuer xmlns="{A}">{ISSUER}</Issuer>'
        f'{signature("ds:", "_r", key)}<samlp:Status><samlp:StatusCode Value="{OK}"/></samlp:Status>'
        f'<Assertion ID="_a" {HEAD} xmlns="{A}"><Issuer>{ISSUER}</Issuer>{signature("ds:", "_a", key)}<Subject>'
        f'<NameID>ada</NameID><SubjectConfirmation Method="{BEARER}"><SubjectConfirmationData {DATA}/>'
        f"</SubjectConfirmation></Subject><Conditions {TIMES}><AudienceRestriction><Audience>{AUDIENCE}</Audience>"
        f'</AudienceRestriction></Conditions><AttributeStatement><Attribute Name="{CLAIMS}emailaddress">'
        f"<AttributeValue>"
        'ada@acme.example</AttributeValue></Attribute><Attribute Name="http://schemas.xmlsoap.org/claims/Group">'
        "<AttributeValue>a</AttributeValue><AttributeValue>b</AttributeValue></Attribute></AttributeStatement>"
        f'<AuthnStatement AuthnInstant="{at()}" SessionIndex="_a"><AuthnContext><AuthnContextClassRef>{CLASSES}'
        "PasswordProtectedTransport</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>"
        "</samlp:Response>",
        "_a",
        "_r",
    )


def keycloak() -> bytes:
    key = (
        "<dsig:KeyInfo><dsig:KeyName>FJ86GcF3</dsig:KeyName><dsig:X509Data><dsig:X509Certificate>"
        f"{CERTIFICATE}</dsig:X509Certificate></dsig:X509Data><dsig:KeyValue><dsig:RSAKeyValue>"
        "<dsig:Modulus>AQAB</dsig:Modulus><dsig:Exponent>AQAB</dsig:Exponent></dsig:RSAKeyValue></dsig:KeyValue>"
        "</dsig:KeyInfo>"
    )
    value = f'<saml:AttributeValue xmlns:xs="{XS}" xmlns:xsi="{XSI}" xsi:type="xs:string">'
    basic = 'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"'
    return signed(
        f'<samlp:Response xmlns:samlp="{P}" xmlns:saml="{A}" {SENT} ID="ID_r" {HEAD}><saml:Issuer>'
        f"{ISSUER}</saml:Issuer>"
        f'{signature("dsig:", "ID_r", key)}<samlp:Status><samlp:StatusCode Value="{OK}"/></samlp:Status>'
        f'<saml:Assertion xmlns="{A}" ID="ID_a" {HEAD}><saml:Issuer>{ISSUER}</saml:Issuer>'
        f'{signature("dsig:", "ID_a", key)}<saml:Subject><saml:NameID Format="{PERSISTENT}">ada</saml:NameID>'
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData {DATA}/></saml:SubjectConfirmation>'
        f"</saml:Subject><saml:Conditions {TIMES}><saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience>"
        f'</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{at()}" SessionIndex="a::b"'
        f' SessionNotOnOrAfter="{at(hours=10)}"><saml:AuthnContext><saml:AuthnContextClassRef>{CLASSES}unspecified'
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>"
        f'<saml:Attribute FriendlyName="email" Name="urn:oid:1.2.840.113549.1.9.1" {basic}>{value}ada@acme.example'
        f'</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups" {basic}>{value}a</saml:AttributeValue>'
        f'</saml:Attribute><saml:Attribute Name="groups" {basic}>{value}b</saml:AttributeValue></saml:Attribute>'
        "</saml:AttributeStatement></saml:Assertion></samlp:Response>",
        "ID_a",
        "ID_r",
    )


def google() -> bytes:
    key = (
        "<ds:KeyInfo><ds:X509Data>"
        "<ds:X509SubjectName>ST=California,C=US,OU=Google For Work,CN=Google</ds:X509SubjectName>"
        f"<ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
    value = f'<saml2:AttributeValue xmlns:xs="{XS}" xmlns:xsi="{XSI}" xsi:type="xs:anyType">'
    return signed(
        f'<saml2p:Response xmlns:saml2p="{P}" {SENT} ID="_r" {HEAD}><saml2:Issuer xmlns:saml2="{A}">'
        f"{ISSUER}</saml2:Issuer>"
        f'<saml2p:Status><saml2p:StatusCode Value="{OK}"/></saml2p:Status>'
        f'<saml2:Assertion xmlns:saml2="{A}" ID="_a" {HEAD}>'
        f"<saml2:Issuer>{ISSUER}</saml2:Issuer>{signature('ds:', '_a', key)}<saml2:Subject>"
        f'<saml2:NameID Format="{EMAIL_ADDRESS}">ada</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}">'
        f"<saml2:SubjectConfirmationData {DATA}/></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions {TIMES}>"
        f"<saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience></saml2:AudienceRestriction>"
        f'</saml2:Conditions><saml2:AttributeStatement><saml2:Attribute Name="email">{value}ada@acme.example'
        f'</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="groups">'
        f"{value}a</saml2:AttributeValue>{value}b"
        f"</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement>"
        f'<saml2:AuthnStatement AuthnInstant="{at()}"'
        f' SessionIndex="_a"><saml2:AuthnContext><saml2:AuthnContextClassRef>{CLASSES}unspecified'
        "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement></saml2:Assertion></saml2p:Response>",
        "_a",
    )


@dataclass(frozen=True)
class Shape:
    """What a product sends, and what is in it."""

    raw: bytes
    policy: str
    name_format: str
    email: str
    groups: str


SHAPES: Final = {
    "okta": Shape(okta(), "both", PERSISTENT, "email", "groups"),
    "entra": Shape(
        entra(),
        "assertion",
        PERSISTENT,
        f"{CLAIMS}emailaddress",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    ),
    "ad fs": Shape(ad_fs(), "both", UNSPECIFIED, f"{CLAIMS}emailaddress", "http://schemas.xmlsoap.org/claims/Group"),
    "keycloak": Shape(keycloak(), "both", PERSISTENT, "email", "groups"),
    "google": Shape(google(), "assertion", EMAIL_ADDRESS, "email", "groups"),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_response_of_this_shape_is_taken(shape: Shape) -> None:
    found = taken(Case(shape.policy, encrypted=False), shape.raw)
    assert (found.name.value, found.name.format, found.request_id) == ("ada", shape.name_format, REQUEST)
    assert found.attributes[shape.email] == ("ada@acme.example",)
    assert found.attributes[shape.groups] == ("a", "b")
    assert found.session_index is not None
