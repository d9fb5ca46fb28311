"""The first look at a message: raw bytes in, a parsed document out, or nothing.

Whatever parsers are known to disagree about is refused in the bytes, before any parser has an opinion: document types
and entities, comments and processing instructions (which split the text of a name), encodings other than UTF-8. Then
the document must parse, be what the grammar and the schema say, and have each identifier once. The same is done again
to every assertion that comes out of an encrypted one.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from lxml import etree

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.grammar import check_grammar
from auth.sso.saml.schemas import is_valid

MAX_BYTES: Final = 256 * 1024

# With or without the declaration, which may only say what is so.
_BEGINNING: Final = re.compile(
    rb"\A(?:<\?xml\s+version\s*=\s*[\"']1\.0[\"'](?:\s+encoding\s*=\s*[\"']utf-8[\"'])?"
    rb"(?:\s+standalone\s*=\s*[\"'](?:yes|no)[\"'])?\s*\?>)?\s*(?=<[A-Za-z_])",
    re.IGNORECASE,
)
_CDATA: Final = b"<![CDATA["
_IDENTIFIERS: Final = frozenset({"ID", "Id", "id", "AssertionID"})
_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"


def guarded(raw: bytes, expected: str) -> Any:  # noqa: ANN401 - lxml has no types
    """The root element of a document that nobody can read in two ways.

    Args:
        raw: the document as it came.
        expected: what its root has to be, such as ``p:Response``.

    Raises:
        SignInRefusedError: it is none.
    """
    root = parsed(raw)
    check_grammar(root, expected)
    check_identifiers(root)
    if not is_valid(root.getroottree()):
        raise SignInRefusedError(Refusal.SAML_SCHEMA)
    return root


def parsed(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Any:  # noqa: ANN401 - lxml has no types
    """The root element of plain XML in UTF-8: no document type, comment, processing instruction or odd namespace.

    Raises:
        SignInRefusedError: it is not.
    """
    if not 0 < len(raw) <= max_bytes:
        raise SignInRefusedError(Refusal.SAML_SIZE)
    _check_bytes(raw)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        strip_cdata=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as failure:
        raise SignInRefusedError(Refusal.SAML_XML) from failure
    if root.getroottree().docinfo.internalDTD is not None:
        raise SignInRefusedError(Refusal.SAML_XML)
    _check_namespaces(root)
    return root


def check_identifiers(*roots: Any) -> None:  # noqa: ANN401 - lxml has no types
    """Each identifier once, in all of these documents together: a signature must be able to mean one element only.

    Raises:
        SignInRefusedError: one occurs twice, or by a name that processors disagree about.
    """
    seen: set[str] = set()
    for root in roots:
        for element in root.iter():
            for name, value in element.attrib.items():
                if name == _XML_ID:
                    raise SignInRefusedError(Refusal.SAML_IDENTIFIER)
                if name in _IDENTIFIERS:
                    if value in seen:
                        raise SignInRefusedError(Refusal.SAML_IDENTIFIER)
                    seen.add(value)


def _check_bytes(raw: bytes) -> None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise SignInRefusedError(Refusal.SAML_ENCODING) from failure
    beginning = _BEGINNING.match(raw)
    if beginning is None or b"\0" in raw:
        raise SignInRefusedError(Refusal.SAML_ENCODING)
    rest = raw[beginning.end() :]
    if b"<?" in rest or rest.count(b"<!") != rest.count(_CDATA):
        raise SignInRefusedError(Refusal.SAML_MARKUP)


def _check_namespaces(root: Any) -> None:  # noqa: ANN401 - lxml has no types
    # Canonicalisation gives up on a relative namespace, and some verifiers take what is left, nothing, for signed.
    namespaces: set[str] = set()
    for element in root.iter():
        if not isinstance(element.tag, str):
            raise SignInRefusedError(Refusal.SAML_MARKUP)
        namespaces.update(element.nsmap.values())
    if not all(_is_absolute(namespace) for namespace in namespaces if namespace):
        raise SignInRefusedError(Refusal.SAML_NAMESPACE)


def _is_absolute(namespace: str) -> bool:
    try:
        parts = urlsplit(namespace)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)
