from __future__ import annotations


class RefusedValueError(ValueError):
    """A value that a person gave can't be kept. The message is a sentence for them and does not repeat the value."""
