"""The XML schemas of SAML, as pysaml2 ships them, compiled once for each thread that validates."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import saml2.data.schemas
from lxml import etree

_FOLDER: Final = Path(saml2.data.schemas.__path__[0])

# One schema for all that we read: messages, assertions by themselves, and how the newer ways of encrypting are named.
_ALL: Final = b"""<schema xmlns="http://www.w3.org/2001/XMLSchema">
<import namespace="urn:oasis:names:tc:SAML:2.0:protocol" schemaLocation="saml-schema-protocol-2.0.xsd"/>
<import namespace="urn:oasis:names:tc:SAML:2.0:assertion" schemaLocation="saml-schema-assertion-2.0.xsd"/>
<import namespace="http://www.w3.org/2009/xmlenc11#" schemaLocation="xenc-schema-11.xsd"/>
</schema>"""

# A compiled schema keeps the errors of its last validation in itself, so no two threads may use the same one.
_of_this_thread = threading.local()
# While lxml compiles, what finds its imports is set for the whole process. Two at once each lose some of them.
_compiling = threading.Lock()


class _Shipped(etree.Resolver):  # type: ignore[misc] # lxml has no types
    """Schemas import each other by addresses on the Web; the files lie side by side."""

    def resolve(self, url: str, _public_id: str | None, context: Any) -> Any:  # noqa: ANN401 - lxml has no types
        return self.resolve_filename(str(_FOLDER / url.rpartition("/")[2]), context)


def is_valid(document: Any) -> bool:  # noqa: ANN401 - lxml has no types
    """Whether a parsed message, or an assertion by itself, is valid."""
    compiled = getattr(_of_this_thread, "compiled", None)
    if compiled is None:
        with _compiling:
            compiled = _of_this_thread.compiled = _compiled()
    return bool(compiled.validate(document))


def _compiled() -> Any:  # noqa: ANN401 - lxml has no types
    # These are files of a pinned dependency: their document type declarations are read, from disk only.
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Shipped())
    return etree.XMLSchema(etree.fromstring(_ALL, parser, base_url=f"{_FOLDER}/all.xsd"))
