"""The tables. `metadata.create_all` makes them; an application with a past would use Alembic."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All tables."""


class ResourceRow(Base):
    """A resource without its dependencies."""

    __tablename__ = "resources"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    description: Mapped[str] = mapped_column(Text)


class DependencyRow(Base):
    """`resource_id` needs `depends_on_id`. The foreign keys are the last line of defence: no dependency may dangle."""

    __tablename__ = "dependencies"

    resource_id: Mapped[str] = mapped_column(ForeignKey("resources.id"), primary_key=True)
    # Dependents are looked up by it, which the primary key does not serve.
    depends_on_id: Mapped[str] = mapped_column(ForeignKey("resources.id"), primary_key=True, index=True)
    place: Mapped[int]
    """Dependencies are given back in the order in which they were written."""


class TurnRow(Base):
    """One row that each change writes first, so that changes come one after the other: see `ResourceRepository.take_turn`."""

    __tablename__ = "turn"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
