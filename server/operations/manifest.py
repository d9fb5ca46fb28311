"""What frontend tools write about the documents of a frontend, in any of their formats.

Apollo's ``generate-persisted-query-manifest`` writes a list of operations; Relay's compiler and the client preset of
GraphQL Code Generator write one object, of ids and texts. Ids are kept as they are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APOLLO: Final = "apollo-persisted-query-manifest"


class ManifestError(Exception):
    """It is in none of the formats, or contradicts itself."""


def read_manifest(content: bytes) -> dict[str, str]:
    """The texts by their ids, in the order of the manifest.

    Raises:
        ManifestError: it is in none of the formats, gives an id twice with different texts, or is empty.
    """
    try:
        manifest: object = orjson.loads(content)
    except orjson.JSONDecodeError as failure:
        message = f"it is not valid JSON: {failure}"
        raise ManifestError(message) from failure
    if not isinstance(manifest, dict):
        message = "it must be a JSON object"
        raise ManifestError(message)
    documents = _collected(_of_apollo(manifest) if "format" in manifest else manifest.items())
    if not documents:
        message = "there is no document in it"
        raise ManifestError(message)
    return documents


def _of_apollo(manifest: Mapping[str, object]) -> Iterable[tuple[object, object]]:
    operations = manifest.get("operations")
    if manifest["format"] != APOLLO or manifest.get("version") != 1 or not isinstance(operations, list):
        message = f"of the formats with a name, {APOLLO!r} in version 1 is read and no other"
        raise ManifestError(message)
    return [(each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None) for each in operations]


def _collected(pairs: Iterable[tuple[object, object]]) -> dict[str, str]:
    documents: dict[str, str] = {}
    for identifier, text in pairs:
        if not isinstance(identifier, str) or not isinstance(text, str):
            message = "each operation must have an id and a text, both strings"
            raise ManifestError(message)
        if documents.setdefault(identifier, text) != text:
            message = f"the id {identifier!r} is given twice, with different texts"
            raise ManifestError(message)
    return documents
