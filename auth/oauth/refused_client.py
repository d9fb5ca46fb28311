from __future__ import annotations


class RefusedClientError(Exception):
    """A client did not prove who it is. The message is a fixed phrase for the log; callers hear ``invalid_client``."""
