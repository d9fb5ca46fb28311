"""Whether a document can be answered by this release: what the engine would say of it, before anybody sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.documents import Documents, InvalidDocumentError
from server.operations.identifier import claimed_digest, digest_of, is_identifier
from server.parameters import holds_nul

if TYPE_CHECKING:
    import strawberry

    from settings import Settings


class Checking:
    """Checks documents against the schema and the limits of a server."""

    def __init__(self, schema: strawberry.Schema, settings: Settings) -> None:
        """Nothing is checked yet.

        Args:
            schema: that documents must be valid for.
            settings: for the limits.
        """
        self._schema = schema._schema  # noqa: SLF001 - Strawberry has no public name for the schema it built
        self._documents = Documents(self._schema, settings, 0)
        self._limit = settings.limit_body_bytes

    def problems_to_publish(self, identifier: str, text: str) -> list[str]:
        """Why a document cannot be published under an identifier, one sentence each; empty where it can."""
        if not is_identifier(identifier):
            return ["An id is sha256: with 64 lower-case hexadecimal digits, or up to 160 letters without a colon."]
        claimed = claimed_digest(identifier)
        if claimed is not None and claimed != digest_of(text).hex():
            return ["The id is not the SHA-256 of the text: the manifest was changed after it was written."]
        return self.problems(text)

    def problems(self, text: str) -> list[str]:
        """Why a document would be refused whoever sent it, one sentence each; empty where it would not."""
        if len(text.encode()) > self._limit:
            return [f"The document is longer than the {self._limit} bytes that a request may have."]
        if holds_nul(text):
            return ["The character U+0000 is not accepted anywhere in a document."]
        try:
            self._documents.document(text, lambda: self._schema)
        except InvalidDocumentError as invalid:
            return [_sentence(each) for each in invalid.result.errors]
        return []


def _sentence(entry: dict[str, object]) -> str:
    places = entry.get("locations")
    if not isinstance(places, list) or not places:
        return str(entry["message"])
    return f"{entry['message']} (line {places[0]['line']}, column {places[0]['column']})"
