import base64
import logging
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, text

from andiron.errors import ConfigurationError
from andiron.server.control.access import Access, Grant, require_tokens, tokenless
from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Scope
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Forbidden, Unauthenticated, Unavailable
from andiron.server.control.tokens import Issued, Tokens
from andiron.server.settings import Settings

from .conftest import Clock

pytestmark = pytest.mark.requirement("AN-09")

LOCAL = Settings(_env_file=None)
OPEN = Settings(_env_file=None, http="0.0.0.0:4318")


@pytest.fixture
def projects(metadata: Metadata, clock: Clock) -> Projects:
    made = Projects(metadata, clock=clock)
    made.ensure_default()
    made.create("shop")
    return made


@pytest.fixture
def tokens(metadata: Metadata, clock: Clock, projects: Projects) -> Tokens:
    return Tokens(metadata, clock=clock)


@pytest.fixture
def writer(tokens: Tokens) -> Issued:
    return tokens.create("shop", Scope.WRITE)


@pytest.fixture
def access(metadata: Metadata, clock: Clock, writer: Issued) -> Access:
    """On an address that others can reach."""
    return Access(metadata, OPEN, clock=clock)


@pytest.fixture
def local(metadata: Metadata, clock: Clock, writer: Issued) -> Access:
    """On loopback."""
    return Access(metadata, LOCAL, clock=clock)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@given(st.sampled_from(Scope), st.sampled_from(Scope))
def test_admin_is_above_read_and_write_and_they_are_apart(held: Scope, needed: Scope) -> None:
    assert held.allows(needed) == (held in {needed, Scope.ADMIN})


def test_a_token_grants_its_scope_in_its_project(access: Access, writer: Issued, projects: Projects) -> None:
    grant = access.authorize(writer.plaintext, Scope.WRITE)
    assert grant == Grant("shop", "andiron_shop", Scope.WRITE, projects.get("shop").id, writer.token.id)


@pytest.mark.parametrize("form", ["{}", " {} ", "Bearer {}", "bearer {}", "BEARER   {}"])
def test_a_token_may_stand_alone_or_after_bearer(access: Access, writer: Issued, form: str) -> None:
    assert access.authorize(form.format(writer.plaintext), Scope.WRITE).project == "shop"


def test_a_token_may_be_the_password_or_the_user(access: Access, writer: Issued) -> None:
    for header in (basic("grafana", writer.plaintext), basic(writer.plaintext, ""), basic(writer.plaintext, "x")):
        assert access.authorize(header, Scope.WRITE).project == "shop"
    assert access.authorize(basic("", writer.plaintext).replace("Basic", "bAsIc"), Scope.WRITE).project == "shop"


@pytest.mark.parametrize("header", [None, "", "   "])
def test_no_token_is_told_from_a_wrong_one(access: Access, header: str | None) -> None:
    with pytest.raises(Unauthenticated, match="No token was sent"):
        access.authorize(header, Scope.READ)


@pytest.mark.parametrize(
    "header", ["geheim", "Bearer", "Bearer geheim", "Digest geheim", "Basic geheim", "Basic ¼", basic("geheim", "geheim"), "Basic /w=="]
)  # fmt: skip
def test_a_wrong_token_is_refused_and_not_repeated(access: Access, header: str) -> None:
    with pytest.raises(Unauthenticated, match="not valid") as caught:
        access.authorize(header, Scope.READ)
    assert "geheim" not in str(caught.value)
    assert caught.value.status == 401


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_no_header_gets_in_by_its_form(access: Access, header: str) -> None:
    with pytest.raises(Unauthenticated):
        access.authorize(header, Scope.READ)


def test_a_token_does_not_grant_another_scope(access: Access, tokens: Tokens, writer: Issued) -> None:
    with pytest.raises(
        Forbidden, match=f"{writer.token.id} has the scope write; this needs .* read or admin"
    ) as caught:
        access.authorize(writer.plaintext, Scope.READ)
    assert caught.value.status == 403
    assert writer.plaintext not in str(caught.value)
    admin = tokens.create("shop", Scope.ADMIN).plaintext
    access.refresh()
    assert {access.authorize(admin, needed).scope for needed in Scope} == {Scope.ADMIN}


def test_a_revoked_token_is_refused_within_two_seconds(
    access: Access, tokens: Tokens, writer: Issued, clock: Clock
) -> None:
    tokens.revoke(writer.token.id)
    clock.turn(1.9)
    access.authorize(writer.plaintext, Scope.WRITE)
    clock.turn(0.1)
    with pytest.raises(Unauthenticated, match="not valid"):
        access.authorize(writer.plaintext, Scope.WRITE)


def test_a_new_token_works_within_two_seconds_or_at_once_after_a_refresh(
    access: Access, tokens: Tokens, clock: Clock
) -> None:
    first = tokens.create("shop", Scope.READ).plaintext
    with pytest.raises(Unauthenticated):
        access.authorize(first, Scope.READ)
    clock.turn(2)
    access.authorize(first, Scope.READ)
    second = tokens.create("shop", Scope.READ).plaintext
    access.refresh()
    access.authorize(second, Scope.READ)


def test_a_token_expires_to_the_moment(access: Access, tokens: Tokens, clock: Clock) -> None:
    short = tokens.create("shop", Scope.READ, lifetime=timedelta(seconds=1)).plaintext
    access.refresh()
    clock.turn(0.9)
    assert access.authorize(short, Scope.READ).expires_at == pytest.approx(clock.now + 0.1)
    clock.turn(0.1)
    with pytest.raises(Unauthenticated, match="not valid"):
        access.authorize(short, Scope.READ)


def test_a_clock_set_back_does_not_keep_a_revoked_token_alive(
    access: Access, tokens: Tokens, writer: Issued, clock: Clock
) -> None:
    tokens.revoke(writer.token.id)
    clock.turn(-3600)
    with pytest.raises(Unauthenticated):
        access.authorize(writer.plaintext, Scope.WRITE)


def test_the_tokens_of_a_deleted_project_are_refused(
    access: Access, projects: Projects, writer: Issued, clock: Clock
) -> None:
    projects.delete("shop")
    projects.create("shop")
    clock.turn(2)
    with pytest.raises(Unauthenticated):
        access.authorize(writer.plaintext, Scope.WRITE)


@pytest.mark.parametrize("header", [None, "", "whatever", "Bearer whatever", basic("who", "ever")])
def test_on_loopback_no_token_and_an_unknown_one_govern_the_default_project(local: Access, header: str | None) -> None:
    grant = local.authorize(header, Scope.ADMIN)
    assert (grant.project, grant.database, grant.scope, grant.token) == ("default", "andiron", Scope.ADMIN, None)


def test_on_loopback_a_known_token_counts_for_what_it_is(
    local: Access, tokens: Tokens, writer: Issued, clock: Clock
) -> None:
    assert local.authorize(writer.plaintext, Scope.WRITE).project == "shop"
    with pytest.raises(Forbidden):
        local.authorize(writer.plaintext, Scope.READ)
    short = tokens.create("shop", Scope.READ, lifetime=timedelta(seconds=1)).plaintext
    tokens.revoke(writer.token.id)
    clock.turn(2)
    for dead in (writer.plaintext, f"Bearer {writer.plaintext}", short):
        with pytest.raises(Unauthenticated, match="not valid"):
            local.authorize(dead, Scope.WRITE)


def test_on_loopback_the_tokens_of_a_deleted_project_are_refused(
    local: Access, projects: Projects, writer: Issued
) -> None:
    projects.delete("shop")
    local.refresh()
    with pytest.raises(Unauthenticated):
        local.authorize(writer.plaintext, Scope.WRITE)


def test_on_loopback_the_default_project_is_the_configured_one(
    metadata: Metadata, projects: Projects, clock: Clock
) -> None:
    local = Access(metadata, Settings(_env_file=None, project="shop"), clock=clock)
    assert local.authorize(None, Scope.READ).database == "andiron_shop"
    projects.delete("shop")
    clock.turn(2)
    with pytest.raises(Unauthenticated, match="andiron projects create shop"):
        local.authorize(None, Scope.READ)


def test_loopback_behind_a_proxy_needs_tokens(metadata: Metadata, projects: Projects) -> None:
    access = Access(metadata, Settings(_env_file=None, allowed_hosts=["logs.example.com"]))
    with pytest.raises(Unauthenticated):
        access.authorize(None, Scope.READ)


def test_use_is_noted_once_a_minute_and_at_the_end(
    access: Access, tokens: Tokens, writer: Issued, clock: Clock
) -> None:
    def noted() -> float | None:
        moment = tokens.all()[0].last_used_at
        return None if moment is None else moment.timestamp()

    first = clock.now
    access.authorize(writer.plaintext, Scope.WRITE)
    clock.turn(59)
    access.refresh()
    assert noted() is None
    clock.turn(1)
    access.refresh()
    assert noted() == first
    access.authorize(writer.plaintext, Scope.WRITE)
    access.refresh()
    assert noted() == first
    access.close()
    assert noted() == clock.now


def test_a_refused_use_is_not_noted(access: Access, tokens: Tokens, writer: Issued) -> None:
    with pytest.raises(Forbidden):
        access.authorize(writer.plaintext, Scope.READ)
    access.close()
    assert tokens.all()[0].last_used_at is None


def test_a_database_that_does_not_answer_is_outlasted_for_five_minutes(
    access: Access, metadata: Metadata, writer: Issued, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with metadata.writing() as session:
        session.execute(text("ALTER TABLE tokens RENAME TO elsewhere"))
    clock.turn(100)
    with caplog.at_level(logging.WARNING):
        assert access.authorize(writer.plaintext, Scope.WRITE).project == "shop"
        access.close()
    assert "checked from memory" in caplog.text
    assert "could not be noted" in caplog.text
    clock.turn(201)
    with pytest.raises(Unavailable) as caught:
        access.authorize(writer.plaintext, Scope.WRITE)
    assert caught.value.status == 503
    with metadata.writing() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO tokens"))
    clock.turn(2)
    assert access.authorize(writer.plaintext, Scope.WRITE).project == "shop"


def test_after_a_slow_failure_the_next_request_does_not_wait_again(
    access: Access, metadata: Metadata, writer: Issued, clock: Clock
) -> None:
    with metadata.writing() as session:
        session.execute(text("ALTER TABLE tokens RENAME TO elsewhere"))
    tries: list[float] = []

    def give_up_after_five_seconds(_: Connection) -> None:
        tries.append(clock.now)
        clock.turn(5)

    event.listen(metadata.engine, "begin", give_up_after_five_seconds)
    clock.turn(2)
    for _ in range(3):
        access.authorize(writer.plaintext, Scope.WRITE)
    assert len(tries) == 1


def test_a_server_that_others_can_reach_does_not_start_without_a_token(
    projects: Projects, tokens: Tokens, tmp_path: Path
) -> None:
    reachable = Settings(_env_file=None, http="0.0.0.0:4318", grpc="off", data=tmp_path / "my data", project="shop")
    with pytest.raises(ConfigurationError) as caught:
        require_tokens(reachable, tokens)
    assert "0.0.0.0:4318" in str(caught.value)
    command = next(line for line in str(caught.value).splitlines() if line.startswith("    "))
    assert shlex.split(command) == [
        "andiron", "tokens", "create", "--project", "shop", "--scope", "admin", "--data", str(tmp_path / "my data"),
    ]  # fmt: skip
    tokens.create("shop", Scope.WRITE)
    require_tokens(reachable, tokens)


def test_the_refusal_does_not_show_the_password_of_the_metadata(tokens: Tokens) -> None:
    with pytest.raises(ConfigurationError, match="with the same ANDIRON_METADATA") as caught:
        require_tokens(Settings(_env_file=None, http=":4318", metadata="postgresql://a:geheim@b/c"), tokens)
    assert "geheim" not in str(caught.value)


def test_a_proxy_in_front_of_loopback_counts_as_reachable(tokens: Tokens) -> None:
    with pytest.raises(ConfigurationError, match=r"ANDIRON_ALLOWED_HOSTS lets requests for logs\.example\.com in"):
        require_tokens(Settings(_env_file=None, allowed_hosts=["logs.example.com"]), tokens)


def test_loopback_starts_without_a_token(tokens: Tokens) -> None:
    require_tokens(LOCAL, tokens)
    assert tokenless(LOCAL)
    assert not tokenless(OPEN)
    assert not tokenless(Settings(_env_file=None, grpc="0.0.0.0:4317"))
