"""Moments as the pages read them: ISO 8601 in UTC with a Z."""

from datetime import UTC, datetime

from andiron.server.query import times


def written(moment: datetime | float | None) -> str | None:
    """A moment, or a number of seconds since 1970, as text."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return times.written(moment)
