"""Why the control part says no. `status` is the HTTP status that fits; `str()` is fit to be shown, and holds no secret."""

from typing import ClassVar

from andiron.errors import AndironError


class Refusal(AndironError):
    """A request that was understood and is not carried out."""

    status: ClassVar[int] = 400


class Unauthenticated(Refusal):
    """No token, or none that is valid now."""

    status = 401


class Forbidden(Refusal):
    """A valid token without the right scope."""

    status = 403


class NotFound(Refusal):
    """There is no such project or token."""

    status = 404


class Conflict(Refusal):
    """What is there already is in the way."""

    status = 409


class Invalid(Refusal):
    """A name, a lifetime or an id that could never be right."""

    status = 422


class Unavailable(Refusal):
    """The metadata cannot be reached, or what is remembered of it is too old to count."""

    status = 503
