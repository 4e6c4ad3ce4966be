"""The paths. Each finds the service and hands over; what goes wrong is answered by `problems.py`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from control_center.schemas import Deleted, Kind, NewResource, Page, Resource, ResourceChange
from control_center.service import ResourceService

MOST = 100
"""Resources in one page."""

router = APIRouter(prefix="/resources", tags=["resources"])


def service_of(request: Request) -> ResourceService:
    """The service, which `main.py` makes at the start."""
    service: ResourceService = request.app.state.service
    return service


Service = Annotated[ResourceService, Depends(service_of)]


@router.post("", status_code=201)
async def create(new: NewResource, service: Service, response: Response) -> Resource:
    """Create a resource."""
    resource = await service.create_resource(new)
    response.headers["Location"] = f"/resources/{resource.id}"
    return resource


# Before the paths with an id, which would take it for one.
@router.get("/search")
async def search(
    service: Service,
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="text in name or description")] = "",
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Page:
    """Find resources."""
    return await service.search_resources(q, kind, limit, offset)


@router.get("/{resource_id}")
async def read(resource_id: str, service: Service) -> Resource:
    """Read a resource."""
    return await service.get_resource(resource_id)


@router.patch("/{resource_id}")
async def update(resource_id: str, change: ResourceChange, service: Service) -> Resource:
    """Change a resource."""
    return await service.update_resource(resource_id, change)


@router.delete("/{resource_id}")
async def delete(resource_id: str, service: Service, *, cascade: bool = False) -> Deleted:
    """Delete a resource, with `cascade` also what depends on it."""
    return await service.delete_resource(resource_id, cascade=cascade)
