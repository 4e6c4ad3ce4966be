"""What one can do with resources. One line above each method makes its span, its metrics and its log records."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from andiron.sdk.operations import MetricsInstrumentor, operation
from control_center.errors import CircularDependency, HasDependents, Refused, ResourceExists, ResourceNotFound
from control_center.graph import cycle
from control_center.repository import ResourceRepository
from control_center.schemas import ID, Deleted, Kind, NewResource, Page, Resource, ResourceChange
from control_center.validation import validate

RESOURCE = "resource"
"""The type under which resources are counted."""


class ResourceService:
    """Each method is one transaction; what it changed is committed when it returns."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        metrics: MetricsInstrumentor,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._new_id = new_id

    @operation("resource.create", resource_type=RESOURCE, resources=1, rejects=(Refused,))
    async def create_resource(self, new: NewResource) -> Resource:
        """Add a resource."""
        async with self._changing() as repository:
            resource = Resource(**new.model_dump() | {"id": new.id or self._new_id()})
            await validate(resource, repository)
            if new.id and await repository.find(new.id):
                raise ResourceExists(resource.id)
            await self._refuse_circle(resource, repository)
            await repository.insert(resource)
        return resource

    @operation("resource.read", resource_type=RESOURCE, rejects=(Refused,), arguments=("resource_id",))
    async def get_resource(self, resource_id: str) -> Resource:
        """The resource of this id."""
        async with self._sessions() as session:
            return await found(ResourceRepository(session), resource_id)

    @operation("resource.update", resource_type=RESOURCE, rejects=(Refused,), arguments=("resource_id",))
    async def update_resource(self, resource_id: str, change: ResourceChange) -> Resource:
        """Change name, description or dependencies."""
        async with self._changing() as repository:
            before = await found(repository, resource_id)
            resource = before.model_copy(update=change.model_dump(exclude_unset=True))
            await validate(resource, repository)
            await self._refuse_circle(resource, repository)
            await repository.change(resource)
        return resource

    @operation(
        "resource.delete",
        resource_type=RESOURCE,
        resources=lambda result: -len(result.deleted),
        cascade=lambda result: len(result.deleted) - 1,
        rejects=(Refused,),
        arguments=("resource_id", "cascade"),
    )
    async def delete_resource(self, resource_id: str, *, cascade: bool = False) -> Deleted:
        """Delete a resource; with `cascade` also everything that depends on it, directly or over others."""
        async with self._changing() as repository:
            await found(repository, resource_id)
            dependents = await repository.dependents(resource_id)
            if dependents and not cascade:
                raise HasDependents(resource_id, dependents)
            await repository.remove([resource_id, *dependents])
        return Deleted(deleted=(resource_id, *dependents))

    @operation("resource.search", resource_type=RESOURCE, rejects=(Refused,), arguments=("text", "kind"))
    async def search_resources(
        self, text: str = "", kind: Kind | None = None, limit: int = 20, offset: int = 0
    ) -> Page:
        """The resources with `text` in their name or description, by name."""
        async with self._sessions() as session:
            items, total = await ResourceRepository(session).search(text, kind, limit, offset)
        return Page(items=tuple(items), total=total, limit=limit, offset=offset)

    async def count(self) -> int:
        """How many resources there are."""
        async with self._sessions() as session:
            return await ResourceRepository(session).count()

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[ResourceRepository]:
        """A transaction in which nobody else changes anything."""
        async with self._sessions.begin() as session:
            repository = ResourceRepository(session)
            await repository.take_turn()
            yield repository

    async def _refuse_circle(self, resource: Resource, repository: ResourceRepository) -> None:
        if not resource.depends_on:
            return
        circle = cycle(resource.id, resource.depends_on, await repository.edges_below(resource.depends_on))
        if circle is not None:
            self._metrics.circular_dependency(RESOURCE)
            raise CircularDependency(circle)


async def found(repository: ResourceRepository, resource_id: str) -> Resource:
    """The resource, or `ResourceNotFound`."""
    # What cannot be an id is not asked for: PostgreSQL fails at some characters.
    resource = await repository.find(resource_id) if ID.fullmatch(resource_id) else None
    if resource is None:
        raise ResourceNotFound(resource_id)
    return resource
