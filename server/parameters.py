"""From the bytes of a request to the parameters of one operation, all of the right types.

Everything here is about bytes that could harm what comes after. No value that PostgreSQL cannot store (NUL), that
JSON cannot carry back (lone surrogates), that would be rounded without a word (integers beyond 64 bits), or that is
nested deeper than a recursive function survives gets past this module.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import parse_qsl

import orjson

from engine.request import Request
from server.operations.asked_document import asked_document
from server.refusal import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.operations.asked_document import Published

# Deeper than any input object of the schema; far below Python's recursion limit, which code that walks values meets.
MAXIMUM_DEPTH: Final = 64

_MAXIMUM_QUERY_PARAMETERS: Final = 32

# Values that there is something to look at in; numbers, true, false and null are what they are.
_NESTED: Final = (str, dict, list)

# 19 digits is where a number may stop fitting 64 bits. Nearly never found, and with all digits alike cheap to look for.
_ALIKE: Final = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS: Final = b"0" * 19

# JSON writes NUL in this way alone.
_NUL: Final = b"\\u0000"

# An escape that a GraphQL string turns into NUL, that is, one whose backslash is not itself escaped.
_ESCAPED_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:0000|\{0+\})")


def from_body(body: bytes, request_id: str, published: Published) -> Request:
    """The operation of a POST.

    Args:
        body: JSON, as it came.
        request_id: of the request.
        published: the text of a document that is named and not sent.

    Raises:
        RequestRefusedError: 400 for what is not a JSON object, 422 for parameters of wrong types or harmful values.
    """
    payload = _decode(body, "body")
    if isinstance(payload, list):
        refuse(400, "Send one operation per request: a list of operations is not accepted.")
    if not isinstance(payload, dict):
        refuse(400, "The body must be a JSON object.")
    # With no NUL in it and this few brackets, there is nothing that looking at each value would find.
    if _NUL in body or body.count(b"{") + body.count(b"[") > MAXIMUM_DEPTH:
        _check_values(payload)
    return _request(payload, request_id, published, queries_only=False)


def from_message(payload: Mapping[str, object], request_id: str, published: Published) -> Request:
    """The operation of a message that :func:`decoded` has read, on a connection that takes subscriptions.

    Raises:
        RequestRefusedError: as for a POST.
    """
    _check_values(payload)
    return streaming(_request(payload, request_id, published, queries_only=False))


def streaming(request: Request) -> Request:
    """The same request, on a way that takes subscriptions."""
    return replace(request, streams=True)


def decoded(text: bytes) -> object:
    """A message, as strictly read as a body.

    Raises:
        RequestRefusedError: it is not JSON, or holds what no body may hold.
    """
    return _decode(text, "message")


def from_query_string(query_string: bytes, request_id: str, published: Published) -> Request:
    """The operation of a GET, which must be a query.

    Raises:
        RequestRefusedError: as for a POST.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAXIMUM_QUERY_PARAMETERS,
        )
    except ValueError:
        refuse(400, "The query string cannot be read: it must be form-encoded UTF-8.")
    payload: dict[str, object] = {}
    for name, value in pairs:
        if name in payload:
            refuse(422, "Each parameter may be given only once.")
        # An empty parameter is an absent one, as the standard says of GET.
        if name in {"variables", "extensions"}:
            payload[name] = _decode(value.encode(), f"parameter '{name}'") if value else None
        else:
            payload[name] = value
    _check_values(payload)
    return _request(payload, request_id, published, queries_only=True)


def holds_nul(document: str) -> bool:
    """Whether a document has the character that PostgreSQL cannot store, or a string that would turn into it."""
    return "\0" in document or _ESCAPED_NUL.search(document) is not None


def _request(payload: Mapping[str, object], request_id: str, published: Published, *, queries_only: bool) -> Request:
    document, extensions = payload.get("query"), _object(payload, "extensions")
    if "documentId" in payload or "persistedQuery" in extensions:
        identifier, persisted_query = payload.get("documentId"), extensions.get("persistedQuery")
        document = asked_document(document, identifier, persisted_query, published)
    if not isinstance(document, str):
        refuse(422, "The parameter 'query' is required, and must be a string.")
    if "\\u" in document and _ESCAPED_NUL.search(document):
        _refuse_nul()
    operation_name = payload.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        refuse(422, "The parameter 'operationName' must be a string.")
    return Request(
        document=document,
        operation_name=operation_name or None,
        variables=_object(payload, "variables"),
        queries_only=queries_only,
        request_id=request_id,
    )


def _object(payload: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = payload.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        refuse(422, f"The parameter '{name}' must be an object.")
    return value


def _decode(text: bytes, name: str) -> object:
    """Strict JSON: no NaN or infinity, no lone surrogate, at most 1,024 levels, or 400."""
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        refuse(400, f"The {name} is not valid JSON.")
    if _MANY_DIGITS in text.translate(_ALIKE):
        _check_integers(text)
    return value


def _check_integers(text: bytes) -> None:
    """Refuse an integer that ``orjson`` has turned into the nearest float."""
    try:
        json.loads(text, parse_int=_check_integer)
    except RecursionError:
        _refuse_depth()


def _check_integer(digits: str) -> int:
    # The length first: Python refuses, with an exception of its own, to convert thousands of digits.
    if len(digits) > len(str(-(2**63))) or not -(2**63) <= int(digits) < 2**63:
        refuse(422, "A number has more digits than can be kept exactly; send it as a string.")
    return 0


def _check_values(payload: Mapping[str, object]) -> None:
    """Look at every key and value once, without recursion, since depth is one of the things to be found out."""
    pending: list[tuple[object, int]] = [(payload, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > MAXIMUM_DEPTH:
            _refuse_depth()
        if isinstance(value, str):
            if "\0" in value:
                _refuse_nul()
        elif isinstance(value, dict):
            for key, item in value.items():
                if "\0" in key:
                    _refuse_nul()
                if isinstance(item, _NESTED):
                    pending.append((item, depth + 1))
        elif isinstance(value, list):
            pending.extend((item, depth + 1) for item in value if isinstance(item, _NESTED))


def _refuse_depth() -> NoReturn:
    refuse(400, f"The parameters are nested more than {MAXIMUM_DEPTH} levels deep.")


def _refuse_nul() -> NoReturn:
    refuse(422, "The character U+0000 is not accepted anywhere in a request.")
