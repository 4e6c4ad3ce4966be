"""Errors over HTTP, all of one shape: RFC 9457's problem details, with what is wrong where and what to do."""

from collections.abc import Sequence
from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from control_center.errors import Problem, Refused, ValidationFailed

RETRY_AFTER = "2"


def problem(
    request: Request,
    status: int,
    title: str,
    problems: Sequence[Problem],
    facts: dict[str, Sequence[str]] | None = None,
) -> JSONResponse:
    """The answer."""
    body = {
        "type": f"urn:control-center:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": " ".join(each.what for each in problems),
        "instance": request.url.path,
        "problems": [asdict(each) for each in problems],
        **(facts or {}),
    }
    headers = {"Retry-After": RETRY_AFTER} if status == 503 else None
    return JSONResponse(body, status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every kind of error so."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return problem(request, error.status, error.title, error.problems, error.facts)

    @app.exception_handler(RequestValidationError)
    async def misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [
            Problem(
                ".".join(str(part) for part in each["loc"] if part != "body") or "body",
                f"{each['msg']}.",
                "Mend it as /docs describes.",
            )
            for each in error.errors()
        ]
        return problem(request, ValidationFailed.status, ValidationFailed.title, problems)

    @app.exception_handler(HTTPException)
    async def no_such_path(request: Request, error: HTTPException) -> JSONResponse:
        what = f"{request.method} {request.url.path}: {error.detail}."
        answer = problem(request, error.status_code, error.detail, [Problem("path", what, "See the paths at /docs.")])
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(DBAPIError)
    async def database(request: Request, _: DBAPIError) -> JSONResponse:
        # What the database said is in the span and the log; it is none of the caller's business.
        what = Problem("database", "The database did not answer as it should.", "Try again in a moment.")
        return problem(request, 503, "Database failed", [what])

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> JSONResponse:
        what = Problem("server", "Something failed on our side.", "Try again; if it stays, tell us the X-Request-ID.")
        return problem(request, 500, "Internal failure", [what])
