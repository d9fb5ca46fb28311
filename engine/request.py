"""One operation as the wire handed it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Request:
    """A GraphQL request, decoded and of the right types, nothing else about it checked.

    Attributes:
        document: the GraphQL text.
        operation_name: which operation of the document, where it holds several.
        variables: values by name, as JSON.
        queries_only: true for GET, where a mutation must not run.
        streams: whether the way that it came can carry many answers, as a subscription has.
        request_id: names the request in logs and in masked errors.
    """

    document: str
    request_id: str
    operation_name: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    queries_only: bool = False
    streams: bool = False
