"""The graph of dependencies as plain values: finds the way from a resource back to itself."""

from collections.abc import Iterable, Mapping

Edges = Mapping[str, Iterable[str]]
"""For each resource, what it depends on."""


def cycle(resource_id: str, depends_on: Iterable[str], edges: Edges) -> list[str] | None:
    """The shortest way from the resource over its new dependencies back to it, both ends included; None if there is none.

    `edges` are those of everything below; what they say about the resource itself is about to change and does not count.
    """
    reached_from: dict[str, str] = {}
    frontier = [(resource_id, each) for each in depends_on]
    while frontier:
        following: list[tuple[str, str]] = []
        for origin, reached in frontier:
            if reached in reached_from:
                continue
            reached_from[reached] = origin
            if reached == resource_id:
                return walked_back(resource_id, reached_from)
            following += [(reached, each) for each in edges.get(reached, ())]
        frontier = following
    return None


def walked_back(resource_id: str, reached_from: Mapping[str, str]) -> list[str]:
    """The way that ends at the resource, from its beginning."""
    way = [resource_id, reached_from[resource_id]]
    while way[-1] != resource_id:
        way.append(reached_from[way[-1]])
    return way[::-1]
