"""Resources against a model in memory, by random steps: never a circle, a cascade takes exactly the dependents, the count is the table's."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import async_sessionmaker

from andiron.sdk.operations import MetricsInstrumentor
from andiron.testing import Capture
from control_center.database import opened
from control_center.errors import CircularDependency, HasDependents, ResourceExists, ResourceNotFound, ValidationFailed
from control_center.schemas import NewResource, ResourceChange
from control_center.service import ResourceService

pytestmark = pytest.mark.requirement("OB-08")

IDS = st.sampled_from("abcdefgh")
"""Few, so that they meet."""
DEPENDENCIES = st.lists(IDS, max_size=3, unique=True)


class Graph(RuleBasedStateMachine):
    """The model: for each resource, what it depends on."""

    service: ResourceService
    do: Callable[..., Any]
    counted: Callable[[], tuple[float, float]]
    """Resources, and circles that were found, as the metrics have them."""

    def __init__(self) -> None:
        super().__init__()
        for each in self.do(self.service.search_resources(limit=100)).items:
            self.do(self.service.delete_resource(each.id, cascade=True)) if self.there(each.id) else None
        self.model: dict[str, list[str]] = {}
        self.circles = 0
        self.before = self.counted()

    def there(self, resource: str) -> bool:
        try:
            self.do(self.service.get_resource(resource))
        except ResourceNotFound:
            return False
        return True

    def below(self, resource: str, model: dict[str, list[str]]) -> set[str]:
        """Everything that the resource depends on."""
        found: set[str] = set()
        new = set(model.get(resource, ()))
        while new:
            found |= new
            new = {each for one in new for each in model.get(one, ())} - found
        return found

    def refused_as(self, kind: type[Exception], call: Any) -> Exception:
        with pytest.raises(kind) as caught:
            self.do(call)
        return caught.value

    @rule(resource=IDS, depends_on=DEPENDENCIES)
    def create(self, resource: str, depends_on: list[str]) -> None:
        call = self.service.create_resource(
            NewResource(id=resource, name="N", kind="host", depends_on=tuple(depends_on))
        )
        if set(depends_on) - {resource} - set(self.model):
            self.refused_as(ValidationFailed, call)
        elif resource in self.model:
            self.refused_as(ResourceExists, call)
        elif resource in depends_on:
            self.refused_as(CircularDependency, call)
            self.circles += 1
        else:
            self.do(call)
            self.model[resource] = depends_on

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        resource = data.draw(st.sampled_from(sorted(self.model)))
        depends_on = data.draw(st.lists(st.sampled_from(sorted(self.model)), max_size=3, unique=True))
        changed = {**self.model, resource: depends_on}
        call = self.service.update_resource(resource, ResourceChange(depends_on=tuple(depends_on)))
        if resource in self.below(resource, changed):
            refusal = self.refused_as(CircularDependency, call)
            assert isinstance(refusal, CircularDependency)
            way = refusal.cycle
            assert way[0] == way[-1] == resource
            assert all(after in changed[before] for before, after in pairwise(way))
            self.circles += 1
        else:
            self.do(call)
            self.model = changed

    @rule(resource=IDS, cascade=st.booleans())
    def delete(self, resource: str, cascade: bool) -> None:  # noqa: FBT001 - drawn
        dependents = {each for each in self.model if resource in self.below(each, self.model)}
        call = self.service.delete_resource(resource, cascade=cascade)
        if resource not in self.model:
            self.refused_as(ResourceNotFound, call)
        elif dependents and not cascade:
            refusal = self.refused_as(HasDependents, call)
            assert isinstance(refusal, HasDependents)
            assert set(refusal.dependents) == dependents
        else:
            deleted = self.do(call).deleted
            assert deleted[0] == resource
            assert sorted(deleted) == sorted({resource} | dependents)
            self.model = {each: needs for each, needs in self.model.items() if each not in deleted}

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        page = self.do(self.service.search_resources(limit=100))
        assert {each.id: list(each.depends_on) for each in page.items} == self.model
        assert not any(each in self.below(each, self.model) for each in self.model)

    def teardown(self) -> None:
        resources, circles = self.counted()
        assert resources - self.before[0] == len(self.model) == self.do(self.service.count())
        assert circles - self.before[1] == self.circles


@pytest.mark.slow
def test_random_steps(capture: Capture, database: str) -> None:
    def counted() -> tuple[float, float]:
        points = {
            name: sum(value for each in capture.metrics if each.name == name for _, value in each.points)
            for name in ("resource.count", "resource.circular_dependencies")
        }
        return points["resource.count"], points["resource.circular_dependencies"]

    with asyncio.Runner() as runner:
        context = opened(database)
        engine = runner.run(context.__aenter__())
        try:
            service = ResourceService(async_sessionmaker(engine, expire_on_commit=False), MetricsInstrumentor())
            members = {"service": service, "do": staticmethod(runner.run), "counted": staticmethod(counted)}
            run_state_machine_as_test(
                type("GraphOfResources", (Graph,), members),
                settings=settings(
                    derandomize=True,
                    deadline=None,
                    database=None,
                    max_examples=20,
                    stateful_step_count=20,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(context.__aexit__(None, None, None))
