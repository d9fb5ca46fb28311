"""Which media type to answer in, chosen by the ``Accept`` header (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple


class MediaType(StrEnum):
    GRAPHQL_RESPONSE = "application/graphql-response+json"
    JSON = "application/json"
    HTML = "text/html"


class _Weight(NamedTuple):
    """How much a client wants a media type. A type that it named beats one that only a wildcard covers."""

    quality: float
    specificity: int


_UNWANTED = _Weight(quality=0, specificity=0)
_WILDCARD, _SUBTYPE_WILDCARD, _EXACT = range(3)


# A header that is longer is nobody's usual one, and shall not take the room.
_REMEMBERED_LENGTH: Final = 300


class _Range(NamedTuple):
    name: str
    quality: float


def negotiate(accept: str, *, html: bool) -> MediaType | None:
    """The media type that ``accept`` prefers of those that the server has, ``None`` when it takes none of them.

    Server-sent events are not among them, whatever place ``text/event-stream`` has in the header: a client such as
    urql lists it after JSON, and would otherwise be answered with a stream that it did not ask for.

    A client that names neither JSON type, with ``*/*`` or no header at all, gets plain JSON: it has not said that it
    knows the status codes that come with the newer type.

    Args:
        accept: the header's value, empty where the header is missing.
        html: whether a page may be the answer. It is, only for a client that names ``text/html``.
    """
    return _remembered(accept, html) if len(accept) <= _REMEMBERED_LENGTH else _negotiate(accept, html)


def _negotiate(accept: str, html: bool) -> MediaType | None:  # noqa: FBT001 - lru_cache wants them by position
    if not accept.strip():
        return MediaType.JSON
    ranges = _parse(accept)
    graphql, json, page = (
        _weight(media_type, ranges) for media_type in (MediaType.GRAPHQL_RESPONSE, MediaType.JSON, MediaType.HTML)
    )
    if html and page.quality and page.specificity == _EXACT and page > max(graphql, json):
        return MediaType.HTML
    if graphql.quality and (graphql > json or (graphql == json and graphql.specificity == _EXACT)):
        return MediaType.GRAPHQL_RESPONSE
    return MediaType.JSON if json.quality else None


# Clients send the same few headers for ever, and the answer depends on nothing else.
_remembered = lru_cache(maxsize=256)(_negotiate)


def _parse(accept: str) -> list[_Range]:
    ranges = []
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(value.strip())
            elif key.strip() == "charset" and value.strip(' "') not in {"utf-8", "utf8"}:
                quality = 0.0  # every answer is UTF-8
        ranges.append(_Range(name, quality))
    return ranges


def _quality(value: str) -> float:
    """A weight between 0 and 1; what cannot be read counts as not wanted, never as wanted most."""
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _weight(media_type: MediaType, ranges: list[_Range]) -> _Weight:
    """The most specific range decides, even to exclude: in ``application/json;q=0, */*`` JSON is not wanted."""
    names = ("*/*", f"{media_type.partition('/')[0]}/*", media_type.value)
    found = [_Weight(quality, names.index(name)) for name, quality in ranges if name in names]
    return max(found, key=lambda weight: (weight.specificity, weight.quality), default=_UNWANTED)
