"""Properties 1 to 6 of the list that observability was specified by: what operations leave in the metrics."""

from bisect import bisect_left
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.sdk.operations import MetricsInstrumentor, names
from tests.operations.observed import Labels, Observed, labels, observing
from tests.operations.stories import Step, Teller, Told, operation_names, steps, stories

pytestmark = [pytest.mark.requirement("OB-09"), pytest.mark.requirement("OB-02")]

types = st.sampled_from(["server", "network", "volume"])
outcomes = st.sampled_from(sorted(names.OUTCOMES))
errors = st.sampled_from(["ValueError", "shop.OutOfStock"]) | st.none()
amounts = st.integers(0, 2000)


def how(told: Told, *, error: bool) -> Labels:
    """The attributes that a step's measurements should have."""
    return labels(
        operation_name=told.step.name, outcome=told.step.outcome, error_type=told.error_type if error else None
    )


def in_buckets(values: list[float], bounds: tuple[float, ...]) -> list[int]:
    """How many fall into each bucket; a value on a bound belongs to the bucket below it."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return counts


@given(st.lists(st.tuples(operation_names, st.floats(0, 100) | st.sampled_from(names.SECONDS), outcomes, errors)))
def test_property_01_operation_duration_recording_of_given_durations(
    measured: list[tuple[str, float, str, str | None]],
) -> None:
    """Operation duration recording: what is recorded is what was measured, each in its bucket."""
    observed = Observed()
    expected = defaultdict(list)
    for name, seconds, outcome, error in measured:
        observed.metrics.record_operation(name, seconds, outcome, error)
        expected[labels(operation_name=name, outcome=outcome, error_type=error)].append(seconds)
    points = observed.points(names.OPERATION_DURATION)
    assert points.keys() == expected.keys()
    for attributes, values in expected.items():
        point = points[attributes]
        assert tuple(point.explicit_bounds) == names.SECONDS
        assert list(point.bucket_counts) == in_buckets(values, names.SECONDS)
        assert (point.count, point.min, point.max) == (len(values), min(values), max(values))
        assert point.sum == pytest.approx(sum(values))


@given(stories)
def test_property_01_operation_duration_recording(story: list[Step]) -> None:
    """Operation duration recording."""
    with observing() as observed:
        told = Teller().tell(story)
    points = observed.points(names.OPERATION_DURATION)
    assert {attributes: point.count for attributes, point in points.items()} == Counter(
        how(one, error=True) for one in told
    )
    for attributes, point in points.items():
        assert sum(point.bucket_counts) == point.count
        logged = [
            observed.logs_of(one)[-1].attributes[names.DURATION] for one in told if how(one, error=True) == attributes
        ]
        # The log's is rounded to microseconds.
        assert point.sum == pytest.approx(sum(logged), abs=1e-6 * len(logged))


@given(stories)
def test_property_02_success_counter_increment(story: list[Step]) -> None:
    """Success counter increment."""
    with observing() as observed:
        told = Teller().tell(story)
    counted = observed.values(names.OPERATION_COUNT)
    assert {key: count for key, count in counted.items() if ("outcome", names.SUCCESS) in key} == Counter(
        how(one, error=False) for one in told if one.step.end == "return"
    )


@given(stories)
def test_property_03_failure_counter_increment(story: list[Step]) -> None:
    """Failure counter increment."""
    with observing() as observed:
        told = Teller().tell(story)
    counted = observed.values(names.OPERATION_COUNT)
    assert {key: count for key, count in counted.items() if ("outcome", names.SUCCESS) not in key} == Counter(
        how(one, error=False) for one in told if one.step.end != "return"
    )
    assert observed.values(names.OPERATION_ERRORS) == Counter(
        how(one, error=True) for one in told if one.error_type is not None
    )


texts = st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=8)
seconds = st.floats(0, 60)
calls = st.one_of(
    st.tuples(st.just("record_operation"), st.tuples(operation_names, seconds, outcomes, errors)),
    st.tuples(st.just("resources_changed"), st.tuples(types, st.integers(-5, 5))),
    st.tuples(st.just("cascade_deleted"), st.tuples(types, amounts)),
    st.tuples(st.just("circular_dependency"), st.tuples(types)),
    st.tuples(st.just("database_answered"), st.tuples(texts, texts, seconds, texts | st.just(""), errors)),
    st.tuples(st.just("failed"), st.tuples(texts, texts)),
)
OPTIONAL = {names.ERROR_TYPE, names.DB_COLLECTION}
"""Attributes that a measurement has where there is something to say."""


@given(st.lists(calls, max_size=20), stories)
def test_property_04_metric_attributes_completeness(
    called: list[tuple[str, tuple[object, ...]]], story: list[Step]
) -> None:
    """Metric attributes completeness."""
    with observing() as observed:
        Teller(resource_type="server", resources=1, cascade=lambda result: 2).tell(story)
    for method, arguments in called:
        getattr(observed.metrics, method)(*arguments)
    measures = {measure.name: measure for measure in names.OPERATIONS}
    for metric in observed.measured():
        measure = measures[metric.name]
        assert (metric.unit, metric.raw.description) == (measure.unit, measure.description)
        assert metric.kind == ("histogram" if measure.kind == "histogram" else "sum")
        if measure.kind != "histogram":
            assert metric.raw.data.is_monotonic is (measure.kind == "counter")
        for attributes, _ in metric.points:
            assert set(measure.attributes) - OPTIONAL <= attributes.keys() <= set(measure.attributes), metric.name
            assert all(type(value) is str and value for value in attributes.values()), metric.name
            assert attributes.get(names.OUTCOME, names.SUCCESS) in names.OUTCOMES


@given(st.lists(st.tuples(types, st.integers(-3, 5), st.booleans(), steps(1))))
def test_property_05_resource_count_tracking(changes: list[tuple[str, int, bool, Step]]) -> None:
    """Resource count tracking."""
    expected: Counter[Labels] = Counter()
    with observing() as observed:
        for kind, by, asked, step in changes:
            # A function learns the result of the operation; blocks and generators have none.
            resources = (lambda result, by=by: by) if asked else by
            teller = Teller(resource_type=kind, resources=resources)
            for told in teller.tell([step]):
                expected[labels(resource_type=kind)] += by if told.step.end == "return" else 0
    counted = observed.values(names.RESOURCE_COUNT)
    assert counted == {key: by for key, by in expected.items() if by}


@given(st.lists(st.tuples(types, amounts, steps(0))))
def test_property_06_cascade_delete_recording(deletions: list[tuple[str, int, Step]]) -> None:
    """Cascade delete recording."""
    expected = defaultdict(list)
    with observing() as observed:
        for kind, size, step in deletions:
            Teller(resource_type=kind, cascade=lambda result, size=size: size).tell([step])
            # What took nothing along was no cascade.
            if step.end == "return" and size:
                expected[labels(resource_type=kind)].append(size)
    points = observed.points(names.CASCADE_DELETES)
    assert points.keys() == expected.keys()
    for attributes, sizes in expected.items():
        point = points[attributes]
        assert tuple(point.explicit_bounds) == names.AMOUNTS
        assert list(point.bucket_counts) == in_buckets(list(map(float, sizes)), names.AMOUNTS)
        assert (point.count, point.sum) == (len(sizes), sum(sizes))


def test_the_global_provider_is_taken_where_none_is_given(capture: object) -> None:
    MetricsInstrumentor().record_operation("resource.read", 0.5)
    metric = capture.metric(names.OPERATION_COUNT.name)  # type: ignore[attr-defined]  # a fixture
    assert metric.value(operation_name="resource.read") == 1
