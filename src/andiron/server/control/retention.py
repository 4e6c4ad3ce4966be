"""How long each project keeps each signal: the server's settings, unless somebody said otherwise for the project.

What is said here lies in the metadata; every server on it follows within a second, by way of `Andiron.housekeep`.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Retention
from andiron.server.control.refusals import Invalid, NotFound
from andiron.server.settings import Settings

SHORTEST = timedelta(hours=1)
LONGEST = timedelta(days=18_250)
"""What the store can count (see `store/retention.py`)."""


class Retentions:
    """The ages in `metadata`, over the defaults of `settings`."""

    def __init__(self, metadata: Metadata, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._metadata = metadata
        self._clock = clock
        self.defaults: Mapping[str, timedelta] = {
            "traces": settings.retention_traces,
            "logs": settings.retention_logs,
            "metrics": settings.retention_metrics,
        }

    def overridden(self) -> dict[str, dict[str, timedelta]]:
        """What was said otherwise: by the project's id, then by signal."""
        found: dict[str, dict[str, timedelta]] = {}
        with self._metadata.reading() as session:
            for row in session.scalars(select(Retention)):
                found.setdefault(row.project_id, {})[row.signal] = timedelta(seconds=row.seconds)
        return found

    def of(self, project_id: str) -> dict[str, timedelta]:
        """How long the project keeps each signal."""
        return {**self.defaults, **self.overridden().get(project_id, {})}

    def keep(self, project_id: str, signal: str, age: timedelta | None) -> None:
        """Keep `signal` for `age` in this project; None: as long as the server's settings say."""
        if signal not in self.defaults:
            raise NotFound(f"There is no signal {signal!r}; there are {', '.join(self.defaults)}.")
        if age is not None and not SHORTEST <= age <= LONGEST:
            raise Invalid(f"Records are kept for at least an hour and at most {LONGEST.days:,} days.")
        chosen = (Retention.project_id == project_id, Retention.signal == signal)
        with self._metadata.writing() as session:
            if age is None:
                session.execute(delete(Retention).where(*chosen))
                return
            row = session.scalar(select(Retention).where(*chosen))
            if row is None:
                row = Retention(project_id=project_id, signal=signal)
                session.add(row)
            row.seconds = int(age.total_seconds())
            row.changed_at = datetime.fromtimestamp(self._clock(), UTC)
