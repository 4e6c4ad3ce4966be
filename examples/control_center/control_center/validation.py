"""What the values of a resource must be. Everything that is wrong is told at once."""

from collections.abc import Iterator

from andiron.sdk.operations import operation
from control_center.errors import Problem, ValidationFailed
from control_center.repository import ResourceRepository
from control_center.schemas import ID, Resource

RESERVED = ("search",)
"""Ids that are paths already."""
LONGEST_NAME = 120
LONGEST_DESCRIPTION = 2000
MOST_DEPENDENCIES = 50


@operation("resource.validate", rejects=(ValidationFailed,))
async def validate(resource: Resource, repository: ResourceRepository) -> None:
    """Raise `ValidationFailed` with every problem of the resource as it would become."""
    problems = list(problems_of(resource))
    if not problems:
        # A dependency on itself is there in a way; the search for circles has a better word for it.
        missing = await repository.missing(set(resource.depends_on) - {resource.id})
        problems += [
            Problem("depends_on", f"There is no resource {each!r}.", "Create it first, or take it out.")
            for each in sorted(missing)
        ]
    if problems:
        raise ValidationFailed(*problems)


def problems_of(resource: Resource) -> Iterator[Problem]:
    """What can be said without the database."""
    if not ID.fullmatch(resource.id) or resource.id in RESERVED:
        yield Problem(
            "id",
            f"{resource.id[:80]!r} cannot be an id.",
            f"Use 1 to 64 lower-case letters, digits and hyphens, not {' or '.join(RESERVED)}; or leave it out.",
        )
    if not resource.name.strip() or len(resource.name) > LONGEST_NAME:
        yield Problem("name", f"The name has {len(resource.name)} characters.", f"Give it 1 to {LONGEST_NAME}.")
    if len(resource.description) > LONGEST_DESCRIPTION:
        yield Problem(
            "description",
            f"The description has {len(resource.description)} characters.",
            f"Shorten it to {LONGEST_DESCRIPTION}.",
        )
    for where, text in (("name", resource.name), ("description", resource.description)):
        if "\0" in text:  # PostgreSQL has no place for it.
            yield Problem(where, f"The {where} contains a character NUL.", "Take it out.")
    if len(resource.depends_on) > MOST_DEPENDENCIES:
        yield Problem(
            "depends_on", f"{len(resource.depends_on)} dependencies are too many.", f"Name at most {MOST_DEPENDENCIES}."
        )
    if len(set(resource.depends_on)) < len(resource.depends_on):
        yield Problem("depends_on", "A dependency is named twice.", "Name each once.")
    elif not all(ID.fullmatch(each) for each in resource.depends_on):
        yield Problem("depends_on", "One of the dependencies cannot be an id.", "Name the ids of resources.")
