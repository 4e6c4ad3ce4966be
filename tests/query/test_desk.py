"""What arrives at the desk from outside: times that no record has, halves of characters, work that fails unforeseen."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient

from andiron.server.control.models import Scope
from andiron.server.query import times
from andiron.server.query.desk import Desk, Moment, body_of, validated
from andiron.server.query.queries import Queries
from andiron.server.query.search.language import condition
from andiron.server.query.search.terms import LONGEST, SearchProblem
from andiron.server.query.times import EARLIEST, LATEST
from andiron.server.settings import Settings
from tests.query.conftest import Granted

pytestmark = pytest.mark.requirement("AN-07")


class When(BaseModel):
    """A request with a time."""

    at: Moment


@pytest.fixture
def client(queries: Queries, settings: Settings) -> Iterator[TestClient]:
    def authorize(_: Scope, __: HTTPConnection) -> Granted:
        return Granted("shop", "shop")

    async def echo(request: Request) -> Response:
        return JSONResponse(dict(await body_of(request)))

    async def fail(_: Request) -> Response:
        raise ZeroDivisionError("a secret of the inside")

    desk = Desk(queries, settings, authorize)
    with TestClient(Starlette(routes=[desk.route("/echo", echo, "POST"), desk.route("/fail", fail)])) as client:
        yield client


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("0001-01-01T00:00:00+14:00", EARLIEST),
        ("1969-12-31T23:59:59Z", EARLIEST),
        ("9999-12-31T23:59:59-14:00", LATEST),
        ("2262-04-12T00:00:00Z", LATEST),
        ("2027-01-15T08:00:00", datetime(2027, 1, 15, 8, tzinfo=UTC)),
        ("2027-01-15T10:00:00+02:00", datetime(2027, 1, 15, 8, tzinfo=UTC)),
    ],
)
def test_times_beyond_all_records_become_the_first_or_the_last(sent: str, meant: datetime) -> None:
    assert validated(When, {"at": sent}).at == meant


def test_a_time_that_no_calendar_has_is_none() -> None:
    assert times.moment("0001-01-01T00:00:00+14:00", UTC) is None
    assert times.constant(datetime(987, 1, 1, tzinfo=UTC)) == "toDateTime64('0987-01-01 00:00:00.000000', 6, 'UTC')"


def test_half_a_character_is_replaced(client: TestClient) -> None:
    sent = b'{"a\\ud83d": ["\\ud83d", "\\ud83d\\ude00"]}'
    assert client.post("/echo", content=sent).json() == {"a\ufffd": ["\ufffd", "\U0001f600"]}


def test_what_fails_unforeseen_is_a_problem_and_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get("/fail?token=secret")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "urn:andiron:problem:internal-error"
    assert "inside" not in json.dumps(answer.json())
    (record,) = caplog.records
    assert (record.__dict__["path"], record.exc_info is not None) == ("/fail", True)


def test_sql_in_the_search_box_is_bounded_like_all_else() -> None:
    with pytest.raises(SearchProblem, match="longer than"):
        condition("WHERE " + "level = 1 OR " * LONGEST)
