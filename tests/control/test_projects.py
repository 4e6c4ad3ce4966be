from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andiron.server.control.metadata import Metadata
from andiron.server.control.projects import DEFAULT, NAME, Projects
from andiron.server.control.refusals import Conflict, Invalid, NotFound

from .conftest import Clock

pytestmark = pytest.mark.requirement("AN-09")


@pytest.fixture
def projects(metadata: Metadata, clock: Clock) -> Projects:
    return Projects(metadata, clock=clock)


def test_a_project_has_a_database_named_after_it(projects: Projects, clock: Clock) -> None:
    made = projects.create("web-shop")
    assert (made.name, made.database) == ("web-shop", "andiron_web_shop")
    assert made.created_at == datetime.fromtimestamp(clock.now, UTC)
    assert projects.get("web-shop").id == made.id


def test_the_default_project_has_the_plain_database(projects: Projects) -> None:
    first, second = projects.ensure_default(), projects.ensure_default()
    assert (first.id, first.name, first.database) == (second.id, DEFAULT, "andiron")


def test_another_project_can_be_the_default(projects: Projects) -> None:
    assert projects.ensure_default("shop").database == "andiron_shop"


@pytest.mark.parametrize(
    "name", ["", "Shop", "1shop", "-shop", "shop!", "shöp", "a b", "a" * 42, "shop\n", "a.b", "a`"]
)
def test_a_bad_name_is_refused(projects: Projects, name: str) -> None:
    with pytest.raises(Invalid, match="starting with a letter"):
        projects.create(name)
    assert projects.all() == []


def test_a_name_is_given_once(projects: Projects) -> None:
    projects.create("shop")
    with pytest.raises(Conflict, match="already a project 'shop'"):
        projects.create("shop")


def test_who_comes_second_at_the_very_same_moment_is_told_so(metadata: Metadata) -> None:
    """Two processes on PostgreSQL both find the name free; here the second row fails on its id instead."""
    Projects(metadata, new_id=lambda: "one").create("shop")
    with pytest.raises(Conflict):
        Projects(metadata, new_id=lambda: "one").create("store")


def test_projects_are_listed_by_name(projects: Projects) -> None:
    for name in ("shop", "bank", "mill"):
        projects.create(name)
    assert [project.name for project in projects.all()] == ["bank", "mill", "shop"]


def test_a_deleted_project_is_gone_and_waits_to_be_dropped(projects: Projects, clock: Clock) -> None:
    made = projects.create("shop")
    clock.turn(60)
    assert projects.delete("shop").deleted_at == datetime.fromtimestamp(clock.now, UTC)
    assert projects.all() == []
    with pytest.raises(NotFound, match="no project 'shop'"):
        projects.get("shop")
    with pytest.raises(NotFound):
        projects.delete("shop")
    assert [project.database for project in projects.reaped()] == ["andiron_shop"]
    projects.mark_dropped(made)
    assert projects.reaped() == []


def test_a_living_project_cannot_be_marked_dropped(projects: Projects) -> None:
    made = projects.create("shop")
    projects.mark_dropped(made)
    projects.delete("shop")
    assert [project.id for project in projects.reaped()] == [made.id]


def test_a_new_project_under_an_old_name_has_a_new_database(projects: Projects) -> None:
    old = projects.create("shop")
    projects.delete("shop")
    assert projects.create("shop").database == "andiron_shop_2"
    projects.mark_dropped(old)
    projects.delete("shop")
    assert projects.create("shop").database == "andiron_shop_3"


def test_the_default_project_cannot_be_deleted(projects: Projects) -> None:
    projects.ensure_default()
    with pytest.raises(Invalid, match="requests without a token go there"):
        projects.delete(DEFAULT)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.from_regex(r"[ab][ab_-]{0,3}(_2)?", fullmatch=True) | st.from_regex(NAME, fullmatch=True), max_size=8)
)
def test_no_two_projects_ever_share_a_database(projects: Projects, names: list[str]) -> None:
    """However alike their names are, and though the projects of earlier examples are all deleted."""
    made = [projects.create(name) for name in dict.fromkeys(names) if name != DEFAULT]
    databases = [project.database for project in [*made, *projects.reaped()]]
    assert len(databases) == len(set(databases))
    for project in made:
        projects.delete(project.name)
