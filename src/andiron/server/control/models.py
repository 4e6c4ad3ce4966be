"""The tables of the control part: projects and their tokens. `metadata.py` opens the database that holds them.

A row that has left its session is a plain value; whoever reads it may keep it.
"""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, Dialect, Enum, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


class Scope(StrEnum):
    """What a token may do in its project."""

    WRITE = "write"
    READ = "read"
    ADMIN = "admin"

    def allows(self, needed: "Scope") -> bool:
        """Whether this scope covers `needed`: an admin may read and write, and neither of these the other."""
        return self is Scope.ADMIN or self is needed


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones, so the zone is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of the metadata. Names of constraints are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Project(Base):
    """Telemetry that belongs together and apart from everybody else's: one ClickHouse database."""

    __tablename__ = "projects"
    # A name is free again once its project is deleted. A database name never is: segments of the old project may still
    # wait in the journal, and must not end up in the new one.
    __table_args__ = (
        Index(
            "uq_projects_live_name",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(41))
    database: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    dropped_at: Mapped[datetime | None] = mapped_column(Instant)


class Token(Base):
    """The right to write to, read from or govern one project."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    scope: Mapped[Scope] = mapped_column(
        Enum(
            Scope,
            name="scope",
            native_enum=False,
            create_constraint=True,
            length=8,
            values_callable=lambda scopes: [scope.value for scope in scopes],
        )
    )
    description: Mapped[str] = mapped_column(String(200))
    # SHA-256 in hex. A slow, salted hash is for passwords, which can be guessed; a token is 256 random bits, which
    # nobody guesses at any speed, and it is checked on every request.
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)


class PageSession(Base):
    """A browser that signed in to the pages, with one of the tokens that it did so with. It dies with the token."""

    __tablename__ = "page_sessions"

    # SHA-256 of the cookie, in hex; see `Token.hash`.
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_id: Mapped[str] = mapped_column(ForeignKey("tokens.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Retention(Base):
    """How long a project keeps a signal, where that is not the server's setting."""

    __tablename__ = "retention"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    signal: Mapped[str] = mapped_column(String(16), primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime] = mapped_column(Instant)
