"""Resources in the database: every statement is here. A repository lives as long as its session, the session as long as a request."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import cast

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from andiron.sdk.operations import operation
from control_center.models import DependencyRow, ResourceRow, TurnRow
from control_center.schemas import Kind, Resource


class ResourceRepository:
    """Reads and writes within the session's transaction; who opened the session commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take_turn(self) -> None:
        """Wait until no other transaction changes anything. To be called first.

        Whether a change closes a circle depends on dependencies that others may be writing: two changes, each fine by itself, close one
        together. So changes come one after the other. The row that all of them write is a lock in every database: PostgreSQL locks
        the row, SQLite the file, both until the transaction ends, and what is read after it is what the last one left.
        """
        await self._session.execute(update(TurnRow).values(number=TurnRow.number + 1))

    @operation("repository.insert")
    async def insert(self, resource: Resource) -> None:
        """Add a resource with its dependencies."""
        values = resource.model_dump(exclude={"depends_on"})
        await self._session.execute(insert(ResourceRow).values(values))
        await self._connect(resource)

    @operation("repository.find")
    async def find(self, resource_id: str) -> Resource | None:
        """The resource of this id."""
        row = (await self._session.scalars(select(ResourceRow).where(ResourceRow.id == resource_id))).one_or_none()
        return None if row is None else (await self._whole([row]))[0]

    @operation("repository.change")
    async def change(self, resource: Resource) -> None:
        """Write a resource over the one that has its id."""
        values = {"name": resource.name, "description": resource.description}
        await self._session.execute(update(ResourceRow).where(ResourceRow.id == resource.id).values(values))
        await self._session.execute(delete(DependencyRow).where(DependencyRow.resource_id == resource.id))
        await self._connect(resource)

    @operation("repository.remove")
    async def remove(self, resource_ids: Collection[str]) -> None:
        """Delete resources that nothing else depends on."""
        await self._session.execute(delete(DependencyRow).where(DependencyRow.resource_id.in_(resource_ids)))
        await self._session.execute(delete(ResourceRow).where(ResourceRow.id.in_(resource_ids)))

    @operation("repository.search")
    async def search(self, text: str, kind: Kind | None, limit: int, offset: int) -> tuple[list[Resource], int]:
        """A page of the resources with `text` in name or description, and how many there are."""
        wanted: list[ColumnElement[bool]] = []
        if text:
            columns = (ResourceRow.name, ResourceRow.description)
            wanted.append(or_(*(column.icontains(text, autoescape=True) for column in columns)))
        if kind is not None:
            wanted.append(ResourceRow.kind == kind)
        total = await self._session.scalar(select(func.count()).select_from(ResourceRow).where(*wanted))
        page = select(ResourceRow).where(*wanted).order_by(ResourceRow.name, ResourceRow.id).limit(limit).offset(offset)
        return await self._whole((await self._session.scalars(page)).all()), total or 0

    async def count(self) -> int:
        """How many resources there are."""
        return await self._session.scalar(select(func.count()).select_from(ResourceRow)) or 0

    async def missing(self, resource_ids: Collection[str]) -> set[str]:
        """Those of the ids that nobody has."""
        if not resource_ids:
            return set()
        found = await self._session.scalars(select(ResourceRow.id).where(ResourceRow.id.in_(resource_ids)))
        return set(resource_ids) - set(found)

    async def edges_below(self, resource_ids: Collection[str]) -> dict[str, list[str]]:
        """What these resources depend on, and what those do, to the end."""
        below = select(DependencyRow.resource_id, DependencyRow.depends_on_id)
        reached = below.where(DependencyRow.resource_id.in_(resource_ids)).cte("reached", recursive=True)
        # `union`, not `union_all`: a dependency that two ways lead to is followed once.
        reached = reached.union(below.join(reached, DependencyRow.resource_id == reached.c.depends_on_id))
        edges: dict[str, list[str]] = defaultdict(list)
        for resource_id, depends_on_id in await self._session.execute(
            select(reached.c.resource_id, reached.c.depends_on_id)
        ):
            edges[resource_id].append(depends_on_id)
        return edges

    async def dependents(self, resource_id: str) -> list[str]:
        """What depends on the resource, directly or over others."""
        reached = (
            select(DependencyRow.resource_id)
            .where(DependencyRow.depends_on_id == resource_id)
            .cte("dependents", recursive=True)
        )
        reached = reached.union(
            select(DependencyRow.resource_id).join(reached, DependencyRow.depends_on_id == reached.c.resource_id)
        )
        return list(await self._session.scalars(select(reached.c.resource_id).order_by(reached.c.resource_id)))

    async def _connect(self, resource: Resource) -> None:
        rows = [
            {"resource_id": resource.id, "depends_on_id": each, "place": place}
            for place, each in enumerate(resource.depends_on)
        ]
        if rows:
            await self._session.execute(insert(DependencyRow).values(rows))

    async def _whole(self, rows: Sequence[ResourceRow]) -> list[Resource]:
        """The rows with their dependencies, in one statement for all."""
        statement = select(DependencyRow.resource_id, DependencyRow.depends_on_id).where(
            DependencyRow.resource_id.in_([row.id for row in rows])
        )
        depends_on: dict[str, list[str]] = defaultdict(list)
        for resource_id, depends_on_id in await self._session.execute(statement.order_by(DependencyRow.place)):
            depends_on[resource_id].append(depends_on_id)
        return [
            Resource(
                id=row.id,
                name=row.name,
                kind=cast("Kind", row.kind),
                description=row.description,
                depends_on=tuple(depends_on[row.id]),
            )
            for row in rows
        ]
