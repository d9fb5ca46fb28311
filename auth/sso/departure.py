"""A person on the way to their provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.cookies import Cookie

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Departure:
    """How they get there, and what they have to bring back.

    Attributes:
        url: where to send the browser.
        attempt: what the browser has to keep and bring back, sealed; ``None``: nothing.
        cookie: in which of our cookies it keeps that.
        fields: what the browser has to post to the address; ``None``: it only has to go there.
        provider: what people know the provider by.
    """

    url: str
    attempt: str | None = field(repr=False)
    cookie: Cookie = Cookie.SIGN_IN
    fields: Mapping[str, str] | None = field(default=None, repr=False)
    provider: str = ""
