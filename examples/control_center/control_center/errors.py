"""The exceptions that say no to the caller. Anything else that is raised is a failure of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and what to do about it: fit for the person who asked."""

    where: str
    what: str
    remedy: str


class Refused(Exception):
    """A request that is answered with a no. Each kind has its status and title in HTTP; the title also makes the type."""

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, *problems: Problem, **facts: Sequence[str]) -> None:
        super().__init__(" ".join(problem.what for problem in problems))
        self.problems = problems
        self.facts = facts
        """Further members of the answer, for programs."""


class ValidationFailed(Refused):
    """A value is not what it must be."""

    status = 422
    title = "Validation failed"


class ResourceNotFound(Refused):
    """There is no such resource."""

    status = 404
    title = "Resource not found"

    def __init__(self, resource_id: str) -> None:
        super().__init__(
            Problem(
                "id",
                f"There is no resource {resource_id!r}.",
                "Look it up with GET /resources/search; it may have been deleted.",
            )
        )


class ResourceExists(Refused):
    """The id is taken."""

    status = 409
    title = "Resource exists"

    def __init__(self, resource_id: str) -> None:
        super().__init__(
            Problem("id", f"There is a resource {resource_id!r} already.", "Choose another id, or leave it out.")
        )


class CircularDependency(Refused):
    """A resource would come to depend on itself. `cycle` begins and ends with it."""

    status = 409
    title = "Circular dependency"

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle = tuple(cycle)
        way = " → ".join(cycle)
        super().__init__(
            Problem(
                "depends_on",
                f"{cycle[0]!r} would depend on itself: {way}.",
                f"Take out {cycle[1]!r}, or one of the other dependencies on the way.",
            ),
            cycle=self.cycle,
        )


class HasDependents(Refused):
    """Others need the resource that shall go."""

    status = 409
    title = "Has dependents"

    def __init__(self, resource_id: str, dependents: Sequence[str]) -> None:
        self.dependents = tuple(dependents)
        shown = ", ".join(dependents[:5]) + (f" and {len(dependents) - 5} more" if len(dependents) > 5 else "")
        super().__init__(
            Problem(
                "id",
                f"{resource_id!r} is needed by {shown}.",
                "Delete them too with ?cascade=true, or change what they depend on.",
            ),
            dependents=self.dependents,
        )
