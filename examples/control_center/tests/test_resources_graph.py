"""The way from a resource back to itself."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_center.graph import cycle

pytestmark = pytest.mark.requirement("OB-08")

NODES = st.integers(0, 6).map(str)


@pytest.mark.parametrize(
    ("depends_on", "edges", "way"),
    [
        ([], {}, None),
        (["a"], {}, ["a", "a"]),
        (["b"], {"b": ["c"]}, None),
        (["b", "c"], {"b": ["d"], "d": ["a"], "c": ["a"]}, ["a", "c", "a"]),
        (["b"], {"b": ["c"], "c": ["b"]}, None),
        # What it depended on until now is about to go.
        (["b"], {"a": ["c"], "c": ["a"]}, None),
    ],
)
def test_the_shortest_way_is_found(depends_on: list[str], edges: dict[str, list[str]], way: list[str] | None) -> None:
    assert cycle("a", depends_on, edges) == way


@settings(derandomize=True, deadline=None)
@given(st.dictionaries(NODES, st.lists(NODES, unique=True), max_size=7), NODES, st.lists(NODES, unique=True))
def test_a_way_is_given_exactly_where_there_is_one(edges: dict[str, list[str]], start: str, to: list[str]) -> None:
    changed = {**edges, start: to}
    reached = set(to)
    for _ in range(len(changed) + 1):
        reached |= {each for one in reached for each in changed.get(one, ())}
    way = cycle(start, to, edges)
    assert (way is not None) == (start in reached)
    if way is not None:
        assert way[0] == way[-1] == start
        assert all(after in changed[before] for before, after in pairwise(way))
