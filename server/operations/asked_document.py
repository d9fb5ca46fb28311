"""Which document a request is about: the text that it brings, or a published one that it names.

``documentId`` names one as the draft on persisted documents says, ``extensions.persistedQuery`` as Apollo's clients and
urql do. Both are looked up among what operators have published. A request never adds to that, whatever it brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from errors import ErrorCode, error
from server.operations.identifier import SHA256, digest_of, identifier_of, is_identifier
from server.refusal import RequestRefusedError, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    # The text of a document in service, by its identifier.
    Published = Callable[[str], str | None]


class UnknownHashError(RequestRefusedError):
    """``extensions.persistedQuery`` names no published document. Its clients know the answer by its message."""

    def __init__(self) -> None:
        super().__init__(400, error("PersistedQueryNotFound", ErrorCode.PERSISTED_QUERY_NOT_FOUND))


def asked_document(text: object, identifier: object, persisted_query: object, published: Published) -> object:
    """The text to run.

    Args:
        text: the parameter ``query``; returned as it is, of whatever type, where nothing else is given.
        identifier: the parameter ``documentId``.
        persisted_query: what ``extensions`` has of this name.
        published: looks an identifier up.

    Raises:
        RequestRefusedError: 422 for what names nothing or more than one thing, 400 for what is not published.
    """
    if text is None and persisted_query is None and isinstance(identifier, str):
        document = published(identifier)
        if document is not None:  # which is how nearly every request by an id goes
            return document
    # Of a GET, an empty parameter counts as left out.
    given = None if text == "" else text
    if identifier is not None and identifier != "":
        if persisted_query is not None:
            refuse(422, "Name the document by 'documentId' or by 'extensions.persistedQuery', not by both.")
        return _by_identifier(given, identifier, published)
    return text if persisted_query is None else _by_hash(given, persisted_query, published)


def _by_identifier(text: object, identifier: object, published: Published) -> object:
    if not isinstance(identifier, str):
        _refuse_identifier()
    if text is not None:
        if not isinstance(text, str) or identifier != identifier_of(digest_of(text)):
            refuse(422, "Send 'query' or 'documentId'; both only where the id is the SHA-256 of the text.")
        return text
    document = published(identifier)
    if document is None:
        if not is_identifier(identifier):
            _refuse_identifier()
        refuse(400, "No document is published under this id.", ErrorCode.PERSISTED_QUERY_NOT_FOUND)
    return document


def _by_hash(text: object, persisted_query: object, published: Published) -> object:
    named = persisted_query.get("sha256Hash") if isinstance(persisted_query, dict) else None
    if not isinstance(persisted_query, dict) or persisted_query.get("version") != 1 or not isinstance(named, str):
        refuse(422, "'extensions.persistedQuery' must have the version 1 and a sha256Hash.")
    if text is not None:
        if not isinstance(text, str) or named != digest_of(text).hex():
            refuse(422, "The sha256Hash of 'extensions.persistedQuery' is not that of 'query'.")
        return text
    # Clients that work by a manifest send its ids here, which need not be hashes.
    document = published(named) or published(SHA256 + named)
    if document is None:
        raise UnknownHashError
    return document


def _refuse_identifier() -> NoReturn:
    refuse(
        422, "The parameter 'documentId' must be sha256: with 64 lower-case hexadecimal digits, or an id as published."
    )
