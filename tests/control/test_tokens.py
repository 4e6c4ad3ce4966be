import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Scope
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Invalid, NotFound
from andiron.server.control.tokens import ALPHABET, LENGTH, Tokens, digest, new_token

from .conftest import Clock

pytestmark = pytest.mark.requirement("AN-09")

# As the Logfire SDK reads it.
PATTERN = re.compile(r"pylf_v[0-9]+_[a-z]+_[a-zA-Z0-9]{43,}")


@pytest.fixture
def tokens(metadata: Metadata, clock: Clock) -> Tokens:
    Projects(metadata, clock=clock).create("shop")
    ids = count(0xABC0)
    return Tokens(metadata, clock=clock, new_id=lambda: f"{next(ids):x}")


def test_a_token_has_the_form_that_the_logfire_sdk_knows() -> None:
    assert all(PATTERN.fullmatch(new_token()) for _ in range(100))


def test_a_token_holds_32_random_bytes() -> None:
    assert len(ALPHABET) ** LENGTH >= 2**256
    drawn = Counter("".join(new_token().rpartition("_")[2] for _ in range(200)))
    assert set(drawn) == set(ALPHABET)
    assert len({new_token() for _ in range(100)}) == 100


def test_only_the_hash_is_kept(tokens: Tokens, metadata: Metadata, tmp_path: Path) -> None:
    issued = tokens.create("shop", Scope.WRITE, description="the till")
    assert issued.token.hash == digest(issued.plaintext).hex()
    assert issued.plaintext not in repr(issued)
    metadata.close()
    secret = issued.plaintext.rpartition("_")[2].encode()
    assert not [path for path in tmp_path.iterdir() if secret in path.read_bytes()]


def test_tokens_are_listed_with_what_is_known_of_them(tokens: Tokens, metadata: Metadata, clock: Clock) -> None:
    Projects(metadata).create("bank")
    tokens.create("shop", Scope.WRITE, description="the till", lifetime=timedelta(days=90))
    clock.turn(1)
    tokens.create("bank", Scope.READ)
    till, reader = tokens.all()
    assert (till.id, till.project.name, till.scope, till.description) == ("abc0", "shop", Scope.WRITE, "the till")
    assert till.expires_at == till.created_at + timedelta(days=90)
    assert (reader.expires_at, reader.revoked_at, reader.last_used_at) == (None, None, None)
    assert [token.id for token in tokens.all("bank")] == [reader.id]


def test_a_token_needs_a_living_project(tokens: Tokens, metadata: Metadata) -> None:
    Projects(metadata).delete("shop")
    with pytest.raises(NotFound, match="andiron projects create shop"):
        tokens.create("shop", Scope.READ)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), timedelta(days=1_000_000)])
def test_a_lifetime_that_makes_no_sense_is_refused(tokens: Tokens, lifetime: timedelta) -> None:
    with pytest.raises(Invalid):
        tokens.create("shop", Scope.READ, lifetime=lifetime)


def test_a_long_description_is_refused(tokens: Tokens) -> None:
    with pytest.raises(Invalid, match="at most 200"):
        tokens.create("shop", Scope.READ, description="x" * 201)


def test_a_token_is_revoked_by_its_id_and_that_is_final(tokens: Tokens, clock: Clock) -> None:
    made = tokens.create("shop", Scope.READ).token
    first = tokens.revoke(made.id)
    assert first.revoked_at == datetime.fromtimestamp(clock.now, UTC)
    clock.turn(5)
    assert tokens.revoke(made.id).revoked_at == first.revoked_at


def test_a_token_is_revoked_by_the_start_of_its_id(tokens: Tokens) -> None:
    for _ in range(17):  # abc0 to abcf, and abd0
        tokens.create("shop", Scope.READ)
    assert tokens.revoke("abd").id == "abd0"
    with pytest.raises(Invalid, match="abc0, abc1"):
        tokens.revoke("abc")
    with pytest.raises(NotFound, match="no live token 'abd'"):
        tokens.revoke("abd")


@pytest.mark.parametrize("start", ["", "%", "_", "a%", "ABC", "a" * 17])
def test_what_is_no_id_revokes_nothing(tokens: Tokens, start: str) -> None:
    tokens.create("shop", Scope.READ)
    with pytest.raises(Invalid):
        tokens.revoke(start)
    assert tokens.any_live()


def test_a_token_given_for_its_id_is_not_repeated(tokens: Tokens) -> None:
    issued = tokens.create("shop", Scope.READ)
    with pytest.raises(Invalid) as caught:
        tokens.revoke(issued.plaintext)
    assert issued.plaintext not in str(caught.value)


def test_a_token_lives_until_it_is_revoked_or_expires_or_its_project_goes(
    tokens: Tokens, metadata: Metadata, clock: Clock
) -> None:
    assert not tokens.any_live()
    tokens.create("shop", Scope.READ, lifetime=timedelta(hours=1))
    assert tokens.any_live()
    clock.turn(3600)
    assert not tokens.any_live()
    second = tokens.create("shop", Scope.READ).token
    assert tokens.any_live()
    tokens.revoke(second.id)
    assert not tokens.any_live()
    tokens.create("shop", Scope.READ)
    Projects(metadata).delete("shop")
    assert not tokens.any_live()
    assert tokens.all() == []


def test_the_last_use_never_goes_back(tokens: Tokens, clock: Clock) -> None:
    made = tokens.create("shop", Scope.READ).token
    tokens.mark_used({made.id: clock.now + 10, "gone": clock.now})
    tokens.mark_used({made.id: clock.now})
    assert tokens.all()[0].last_used_at == datetime.fromtimestamp(clock.now + 10, UTC)
