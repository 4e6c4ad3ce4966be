from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text
from starlette.requests import HTTPConnection

from andiron.server.control.access import Access
from andiron.server.control.asker import Asker, asker
from andiron.server.control.metadata import Metadata
from andiron.server.control.models import PageSession, Scope
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Forbidden, NotFound, Unauthenticated
from andiron.server.control.sessions import LIFETIME, Sessions
from andiron.server.control.tokens import Issued, Tokens
from andiron.server.settings import Settings

from .conftest import Clock

pytestmark = pytest.mark.requirement("AN-09")

LOCAL = Settings(_env_file=None)
OPEN = Settings(_env_file=None, http="0.0.0.0:4318")


@pytest.fixture
def projects(either: Metadata, clock: Clock) -> Projects:
    made = Projects(either, clock=clock)
    made.ensure_default()
    made.create("shop")
    made.create("warehouse")
    return made


@pytest.fixture
def tokens(either: Metadata, clock: Clock, projects: Projects) -> Tokens:
    return Tokens(either, clock=clock)


@pytest.fixture
def sessions(either: Metadata, clock: Clock) -> Sessions:
    return Sessions(either, clock=clock)


@pytest.fixture
def access(either: Metadata, clock: Clock, projects: Projects) -> Access:
    """On an address that others can reach."""
    return Access(either, OPEN, clock=clock)


@pytest.fixture
def reader(tokens: Tokens) -> Issued:
    return tokens.create("shop", Scope.READ)


@pytest.fixture
def keeper(tokens: Tokens) -> Issued:
    return tokens.create("default", Scope.ADMIN)


@pytest.fixture
def signed_in(access: Access, sessions: Sessions, reader: Issued) -> str:
    identifier = sessions.begin([reader.token.id])
    access.refresh()
    return identifier


@pytest.fixture
def statements(either: Metadata) -> Iterator[list[str]]:
    """What the database is asked from now on."""
    seen: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(either.engine, "before_cursor_execute", note)
    yield seen
    event.remove(either.engine, "before_cursor_execute", note)


def rows(metadata: Metadata) -> int:
    with metadata.reading() as session:
        return session.query(PageSession).count()


def connection(method: str, headers: Mapping[str, str], query: str = "") -> HTTPConnection:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection(
        {"type": "http", "method": method, "path": "/", "headers": raw, "query_string": query.encode()}
    )


def test_a_session_opens_what_its_token_opens(access: Access, signed_in: str, reader: Issued) -> None:
    grant = access.authorize(Asker(session=signed_in), Scope.READ)
    assert (grant.project, grant.scope, grant.token) == ("shop", Scope.READ, reader.token.id)
    with pytest.raises(Forbidden, match=f"{reader.token.id} has the scope read"):
        access.authorize(Asker(session=signed_in), Scope.ADMIN)


def test_only_the_hash_of_a_session_is_kept(either: Metadata, signed_in: str) -> None:
    with either.reading() as session:
        kept = session.query(PageSession).one()
    assert len(signed_in) == 43
    assert len(kept.hash) == 64
    assert signed_in not in str(vars(kept))


def test_what_is_no_session_opens_nothing(access: Access, signed_in: str, reader: Issued) -> None:
    # The hash opens nothing either, and neither does a token in the place of a session.
    for wrong in ("", "x", signed_in[:-1], signed_in.swapcase(), reader.plaintext):
        with pytest.raises(Unauthenticated):
            access.authorize(Asker(session=wrong), Scope.READ)
        assert access.opened(Asker(session=wrong)) == []


def test_a_session_is_no_token(access: Access, signed_in: str) -> None:
    with pytest.raises(Unauthenticated):
        access.authorize(f"Bearer {signed_in}", Scope.READ)


def test_the_authorization_goes_before_the_session(access: Access, signed_in: str, keeper: Issued) -> None:
    access.refresh()
    assert access.authorize(Asker(keeper.plaintext, signed_in), Scope.READ).project == "default"


def test_requests_with_a_session_are_answered_from_memory(
    access: Access, signed_in: str, statements: list[str]
) -> None:
    for _ in range(10):
        access.authorize(Asker(session=signed_in), Scope.READ)
        access.opened(Asker(session=signed_in))
    assert statements == []


def test_a_session_ends_at_once_when_signed_out(
    either: Metadata, access: Access, sessions: Sessions, signed_in: str
) -> None:
    sessions.end(signed_in)
    access.refresh()
    with pytest.raises(Unauthenticated, match="sign in again"):
        access.authorize(Asker(session=signed_in), Scope.READ)
    assert rows(either) == 0
    sessions.end(signed_in)


def test_a_session_lasts_thirty_days_to_the_moment(access: Access, signed_in: str, clock: Clock) -> None:
    clock.turn(LIFETIME.total_seconds() - 0.1)
    assert access.authorize(Asker(session=signed_in), Scope.READ).project == "shop"
    clock.turn(0.1)
    with pytest.raises(Unauthenticated, match="session is over"):
        access.authorize(Asker(session=signed_in), Scope.READ)
    assert timedelta(days=30) == LIFETIME


def test_expired_sessions_are_swept_and_others_stay(
    either: Metadata, access: Access, sessions: Sessions, signed_in: str, reader: Issued, clock: Clock
) -> None:
    clock.turn(LIFETIME.total_seconds() / 2)
    later = sessions.begin([reader.token.id])
    clock.turn(LIFETIME.total_seconds() / 2)
    access.refresh()
    assert rows(either) == 1
    assert access.authorize(Asker(session=later), Scope.READ).project == "shop"


@pytest.mark.parametrize("end", ["revoked", "expired", "project deleted"])
def test_a_session_dies_with_its_token(
    access: Access, sessions: Sessions, tokens: Tokens, projects: Projects, keeper: Issued, clock: Clock, end: str
) -> None:
    other = tokens.create("shop", Scope.READ, lifetime=timedelta(hours=1))
    identifier = sessions.begin([keeper.token.id, other.token.id])
    access.refresh()
    assert [grant.project for grant in access.opened(Asker(session=identifier))] == ["default", "shop"]
    if end == "revoked":
        tokens.revoke(other.token.id)
    elif end == "expired":
        clock.turn(3600)
    else:
        projects.delete("shop")
        projects.create("shop")
    access.refresh()
    assert [grant.project for grant in access.opened(Asker(session=identifier))] == ["default"]
    with pytest.raises(Forbidden, match="'shop' is not open to you; default is"):
        access.authorize(Asker(session=identifier, project="shop"), Scope.READ)
    tokens.revoke(keeper.token.id)
    access.refresh()
    with pytest.raises(Unauthenticated, match="its token expired or was revoked"):
        access.authorize(Asker(session=identifier), Scope.READ)


def test_of_several_projects_the_named_one_is_meant_and_else_the_servers_own(
    access: Access, sessions: Sessions, tokens: Tokens, reader: Issued, keeper: Issued
) -> None:
    both = sessions.begin([reader.token.id, keeper.token.id])
    neither_default = sessions.begin([tokens.create("warehouse", Scope.READ).token.id, reader.token.id])
    access.refresh()
    assert access.authorize(Asker(session=both), Scope.READ).project == "default"
    assert access.authorize(Asker(session=both, project="shop"), Scope.READ).scope is Scope.READ
    assert access.authorize(Asker(session=neither_default), Scope.READ).project == "shop"
    with pytest.raises(Forbidden, match="'warehouse' is not open to you; default, shop are"):
        access.authorize(Asker(session=both, project="warehouse"), Scope.READ)


def test_of_two_tokens_for_a_project_the_one_that_may_do_more_counts(
    access: Access, sessions: Sessions, tokens: Tokens, reader: Issued
) -> None:
    admin = tokens.create("shop", Scope.ADMIN)
    for order in ([reader.token.id, admin.token.id], [admin.token.id, reader.token.id, reader.token.id]):
        identifier = sessions.begin(order)
        access.refresh()
        assert [grant.scope for grant in access.opened(Asker(session=identifier))] == [Scope.ADMIN]


def test_a_new_session_takes_the_place_of_the_one_before(
    access: Access, sessions: Sessions, signed_in: str, reader: Issued, keeper: Issued
) -> None:
    again = sessions.begin([reader.token.id, keeper.token.id], instead_of=signed_in)
    access.refresh()
    assert again != signed_in
    assert access.opened(Asker(session=signed_in)) == []
    assert len(access.opened(Asker(session=again))) == 2


def test_a_session_notes_the_use_of_its_token(access: Access, tokens: Tokens, signed_in: str, clock: Clock) -> None:
    access.authorize(Asker(session=signed_in), Scope.READ)
    access.close()
    used = tokens.all()[0].last_used_at
    assert used is not None
    assert used.timestamp() == clock.now


def test_a_token_names_no_project_but_its_own(access: Access, reader: Issued) -> None:
    access.refresh()
    assert access.authorize(Asker(reader.plaintext, project="shop"), Scope.READ).project == "shop"
    for other in ("default", "nowhere"):
        with pytest.raises(Forbidden, match=f"{other!r} is not open to you; shop is"):
            access.authorize(Asker(reader.plaintext, project=other), Scope.READ)


def test_without_tokens_any_project_that_is_there_may_be_named(
    either: Metadata, projects: Projects, reader: Issued, clock: Clock
) -> None:
    local = Access(either, LOCAL, clock=clock)
    for header in (None, "Bearer anything"):
        grant = local.authorize(Asker(header, project="warehouse"), Scope.ADMIN)
        assert (grant.project, grant.database, grant.token) == ("warehouse", "andiron_warehouse", None)
    assert local.authorize(Asker(), Scope.ADMIN).project == "default"
    assert [grant.project for grant in local.opened(Asker())] == ["default", "shop", "warehouse"]
    with pytest.raises(NotFound, match="no project 'nowhere'"):
        local.authorize(Asker(project="nowhere"), Scope.READ)
    with pytest.raises(Forbidden, match="'warehouse' is not open to you; shop is"):
        local.authorize(Asker(reader.plaintext, project="warehouse"), Scope.READ)
    projects.delete("warehouse")
    local.refresh()
    with pytest.raises(NotFound):
        local.authorize(Asker(project="warehouse"), Scope.READ)


def test_an_operator_is_who_may_administer_the_servers_own_project(
    either: Metadata, access: Access, sessions: Sessions, tokens: Tokens, reader: Issued, keeper: Issued, clock: Clock
) -> None:
    shopkeeper = tokens.create("shop", Scope.ADMIN)
    onlooker = tokens.create("default", Scope.READ)
    with_keeper = sessions.begin([reader.token.id, keeper.token.id])
    without = sessions.begin([reader.token.id, shopkeeper.token.id, onlooker.token.id])
    access.refresh()
    local = Access(either, LOCAL, clock=clock)
    for asked in (Asker(keeper.plaintext), Asker(session=with_keeper), Asker(session=with_keeper, project="shop")):
        assert access.operates(asked)
        assert local.operates(asked)
    for asked in (Asker(shopkeeper.plaintext), Asker(onlooker.plaintext), Asker(reader.plaintext)):
        assert not access.operates(asked)
        assert not local.operates(asked)
    assert not access.operates(Asker(session=without))
    assert not access.operates(Asker())
    assert local.operates(Asker())


def test_a_session_outlasts_a_database_that_does_not_answer(
    either: Metadata, access: Access, signed_in: str, clock: Clock
) -> None:
    with either.writing() as session:
        session.execute(text("ALTER TABLE page_sessions RENAME TO elsewhere"))
    clock.turn(100)
    access.refresh()
    assert access.authorize(Asker(session=signed_in), Scope.READ).project == "shop"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_who_reads_by_cookie_needs_no_more(method: str) -> None:
    assert asker(connection(method, {"Cookie": "andiron_session=abc"})) == Asker(session="abc")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_who_writes_by_cookie_has_to_be_a_page_of_ours(method: str) -> None:
    headers = {"Cookie": "other=1; andiron_session=abc"}
    with pytest.raises(Forbidden, match="Andiron-Page: 1"):
        asker(connection(method, headers))
    assert asker(connection(method, headers | {"Andiron-Page": "1"})).session == "abc"
    assert asker(connection(method, {"Authorization": "Bearer x"} | headers)) == Asker("Bearer x")
    assert asker(connection(method, {"Cookie": "other=1"})) == Asker()


def test_the_project_is_named_by_a_header_or_in_the_address() -> None:
    assert asker(connection("GET", {"Andiron-Project": "shop"})).project == "shop"
    assert asker(connection("GET", {}, "q=1&project=shop")).project == "shop"
    assert asker(connection("GET", {"Andiron-Project": "shop"}, "project=other")).project == "shop"
    assert asker(connection("GET", {"Andiron-Project": ""}, "project=")).project is None
