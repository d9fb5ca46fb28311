"""Points in time as messages have them, and the one amount by which clocks may differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

CLOCK_SKEW: Final = timedelta(seconds=60)
# A response goes from the provider through the browser to us at once. An old one has been kept by somebody.
MAX_AGE: Final = timedelta(seconds=600)


def written(moment: datetime) -> str:
    """A point in time as our own messages have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str | None) -> datetime | None:
    """The point in time, or ``None`` where there is none or it has no time zone."""
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    if found.tzinfo is None:
        return None
    try:
        return found.astimezone(UTC)
    except OverflowError:
        return None


def is_recent(text: str | None, now: datetime) -> bool:
    """Whether something was issued just now: not in the future, and not long ago."""
    issued = instant(text)
    return issued is not None and now - MAX_AGE - CLOCK_SKEW <= issued <= now + CLOCK_SKEW


def has_begun(text: str | None, now: datetime) -> bool:
    """Whether a ``NotBefore`` lets us go on; one that is not there does."""
    if text is None:
        return True
    beginning = instant(text)
    return beginning is not None and beginning <= now + CLOCK_SKEW


def is_not_over(text: str | None, now: datetime) -> bool:
    """Whether a ``NotOnOrAfter`` lets us go on. One that is not there does not."""
    end = instant(text)
    return end is not None and end > now - CLOCK_SKEW
