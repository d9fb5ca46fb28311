from __future__ import annotations

import hashlib

import orjson
import pytest

from server.operations.manifest import APOLLO, ManifestError, read_manifest

TEXT = "query A {\n  __typename\n}\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize(
    ("manifest", "identifier"),
    [
        (
            {
                "format": APOLLO,
                "version": 1,
                "operations": [{"id": DIGEST, "name": "A", "type": "query", "body": TEXT}],
            },
            DIGEST,
        ),
        ({"7b3a1a6c2b2c0f6b1c2f9a5b6d6a0c11": TEXT}, "7b3a1a6c2b2c0f6b1c2f9a5b6d6a0c11"),  # Relay, MD5
        ({f"sha256:{DIGEST}": TEXT}, f"sha256:{DIGEST}"),  # GraphQL Code Generator
    ],
)
def test_each_format_gives_texts_by_the_ids_as_they_are(manifest: object, identifier: str) -> None:
    assert read_manifest(orjson.dumps(manifest)) == {identifier: TEXT}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\xff",
        b"[]",
        b"{}",
        b'{"a":1}',
        b'{"a":null}',
        b'{"a":"\\ud800"}',
        b'{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}',
        b'{"format":"apollo-persisted-query-manifest","version":1,"operations":[]}',
        b'{"format":"apollo-persisted-query-manifest","version":1}',
        b'{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a"}]}',
        b'{"format":"apollo-persisted-query-manifest","version":1,"operations":["{a}"]}',
        orjson.dumps(
            {"format": APOLLO, "version": 1, "operations": [{"id": "a", "body": each} for each in ("{a}", "{b}")]}
        ),
        b'{"format":"somebody-elses","version":1,"operations":[{"id":"a","body":"{a}"}]}',
    ],
)
def test_what_is_no_manifest_is_not_half_read(content: bytes) -> None:
    with pytest.raises(ManifestError):
        read_manifest(content)
