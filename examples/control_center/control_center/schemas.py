"""What goes in and out over HTTP. Only the shape is checked here; the rules for what a resource may be are in `validation.py`."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""What an id looks like."""
ResourceId = Annotated[str, Field(description="Lower-case letters, digits and hyphens.", examples=["orders-db"])]
Kind = Literal["service", "database", "queue", "cache", "host"]


class Shape(BaseModel):
    """An unknown field is a mistake, and nothing is changed in place."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Resource(Shape):
    """A resource, whole."""

    id: ResourceId
    name: str
    kind: Kind
    description: str = ""
    depends_on: tuple[ResourceId, ...] = ()


class NewResource(Shape):
    """A resource to create. Without an `id` it is given one."""

    id: ResourceId = ""
    name: str
    kind: Kind
    description: str = ""
    depends_on: tuple[ResourceId, ...] = ()


class ResourceChange(Shape):
    """What to change; what is left out stays. `depends_on` replaces all dependencies."""

    name: str = ""
    description: str = ""
    depends_on: tuple[ResourceId, ...] = ()


class Page(Shape):
    """A part of what was found, by name."""

    items: tuple[Resource, ...]
    total: int
    limit: int
    offset: int


class Deleted(Shape):
    """What is gone: the resource that was asked for, and then its dependents."""

    deleted: tuple[ResourceId, ...]
