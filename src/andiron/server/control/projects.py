"""Projects: made, found, deleted. Called by the command line and the API; the store follows with databases of its own."""

import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Project
from andiron.server.control.refusals import Conflict, Invalid, NotFound

DEFAULT = "default"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")


class Projects:
    """The projects in `metadata`."""

    def __init__(
        self,
        metadata: Metadata,
        *,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._metadata = metadata
        self._clock = clock
        self._new_id = new_id

    def create(self, name: str) -> Project:
        """Make the project `name` and choose its database."""
        if not NAME.fullmatch(name):
            raise Invalid(
                f"{name!r} is no name for a project; write up to 41 of a-z, 0-9, - and _, starting with a letter."
            )
        taken = f"There is already a project {name!r}."
        try:
            with self._metadata.writing() as session:
                if session.scalar(select(Project).where(Project.name == name, Project.deleted_at.is_(None))):
                    raise Conflict(taken)
                project = Project(
                    id=self._new_id(), name=name, database=_free_database(session, name), created_at=self._now()
                )
                session.add(project)
        except IntegrityError as error:
            # Two processes on PostgreSQL looked at the same moment, and the other one was first.
            raise Conflict(taken) from error
        return project

    def get(self, name: str) -> Project:
        """Find the project `name`."""
        with self._metadata.reading() as session:
            project = session.scalar(select(Project).where(Project.name == name, Project.deleted_at.is_(None)))
        if project is None:
            raise NotFound(f"There is no project {name!r}; `andiron projects list` shows them.")
        return project

    def all(self) -> list[Project]:
        """Every project that is not deleted, by name."""
        with self._metadata.reading() as session:
            return list(session.scalars(select(Project).where(Project.deleted_at.is_(None)).order_by(Project.name)))

    def ensure_default(self, name: str = DEFAULT) -> Project:
        """The project of requests without a token; made if it is not there, by whoever comes first."""
        with suppress(NotFound):
            return self.get(name)
        with suppress(Conflict):
            return self.create(name)
        return self.get(name)

    def deletable(self, name: str) -> Project:
        """Find the project `name`, if it is one that may be deleted."""
        if name == DEFAULT:
            raise Invalid("The project 'default' cannot be deleted: requests without a token go there.")
        return self.get(name)

    def delete(self, name: str) -> Project:
        """Mark the project `name` deleted: its tokens stop working, and the server drops its database."""
        project = self.deletable(name)
        with self._metadata.writing() as session:
            project = session.merge(project, load=True)
            project.deleted_at = project.deleted_at or self._now()
        return project

    def reaped(self) -> list[Project]:
        """Deleted projects whose databases are still to be dropped, the oldest first."""
        doomed = select(Project).where(Project.deleted_at.is_not(None), Project.dropped_at.is_(None))
        with self._metadata.reading() as session:
            return list(session.scalars(doomed.order_by(Project.deleted_at)))

    def mark_dropped(self, project: Project) -> None:
        """Note that the database of the deleted `project` is gone."""
        gone = update(Project).where(Project.id == project.id, Project.deleted_at.is_not(None))
        with self._metadata.writing() as session:
            session.execute(gone.values(dropped_at=self._now()))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _free_database(session: Session, name: str) -> str:
    """Name a database that no project has, or ever had: `a-b` and `a_b` would share one otherwise."""
    wanted = "andiron" if name == DEFAULT else f"andiron_{name.replace('-', '_')}"
    taken = set(session.scalars(select(Project.database).where(Project.database.startswith(wanted, autoescape=True))))
    database, number = wanted, 1
    while database in taken:
        number += 1
        database = f"{wanted}_{number}"
    return database
