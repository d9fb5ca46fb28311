"""The XML schemas of SAML, as pysaml2 ships them, compiled once for each thread that validates.

While lxml compiles, what finds its imports is set for the whole process, and parsing in another thread may set it back:
some of the imports are not found then. So what threads will need is compiled before they begin.
"""

from __future__ import annotations

import threading
from pathlib import Path
from queue import SimpleQueue
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

# A compiled schema keeps the errors of its last validation in itself, so no two threads may use the same one at a time.
_idle: Final[SimpleQueue[Any]] = SimpleQueue()
_compiling = threading.Lock()
_number = 0


class _Shipped(etree.Resolver):  # type: ignore[misc] # lxml has no types
    """Schemas import each other by addresses on the Web; the files lie side by side."""

    def resolve(self, url: str, _public_id: str | None, context: Any) -> Any:  # noqa: ANN401 - lxml has no types
        return self.resolve_filename(str(_FOLDER / url.rpartition("/")[2]), context)


def prepare(threads: int) -> None:
    """Compile what so many threads need to validate at the same time, before any of them does."""
    global _number  # noqa: PLW0603 - how many there are is the process's
    with _compiling:
        while _number < threads:
            _idle.put(_compiled())
            _number += 1


def is_valid(document: Any) -> bool:  # noqa: ANN401 - lxml has no types
    """Whether a parsed message, or an assertion by itself, is valid."""
    prepare(1)
    compiled = _idle.get()
    try:
        return bool(compiled.validate(document))
    finally:
        _idle.put(compiled)


def _compiled() -> Any:  # noqa: ANN401 - lxml has no types
    # These are files of a pinned dependency: their document type declarations are read, from disk only.
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Shipped())
    return etree.XMLSchema(etree.fromstring(_ALL, parser, base_url=f"{_FOLDER}/all.xsd"))
