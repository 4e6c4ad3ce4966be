"""`operation` on every kind of function, in blocks, and where it must not be noticed."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import andiron
from andiron.sdk import operations
from andiron.sdk.operations import current_operation, names, operation
from tests.operations.observed import Observed, labels
from tests.operations.stories import Broken, Refused

pytestmark = pytest.mark.requirement("OB-05")


def test_the_package_offers_it() -> None:
    for name in ("operation", "current_operation", "init_observability", "shutdown_observability", "observe_database"):
        assert getattr(andiron, name) is getattr(operations, name)
        assert name in andiron.__all__


def test_a_function_keeps_what_it_is() -> None:
    def plain(name: str, *, size: int = 3) -> str:
        """Says what it does."""
        return f"{name}{size}"

    async def coroutine() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    observed = operation("resource.create")
    decorated = observed(plain)
    assert (decorated.__name__, decorated.__doc__, decorated.__wrapped__) == ("plain", "Says what it does.", plain)  # type: ignore[attr-defined]
    assert inspect.signature(decorated) == inspect.signature(plain)
    assert inspect.get_annotations(decorated) == inspect.get_annotations(plain)
    kinds: list[tuple[Callable[..., Any], Callable[[object], bool]]] = [
        (coroutine, inspect.iscoroutinefunction),
        (generator, inspect.isgeneratorfunction),
        (async_generator, inspect.isasyncgenfunction),
    ]
    for function, is_kind in kinds:
        assert is_kind(observed(function))
        assert [check(observed(function)) for _, check in kinds] == [check(function) for _, check in kinds]
    assert "resource.create" in repr(observed)


class Service:
    """The ways that methods come."""

    @operation("method", arguments=("name",))
    def method(self, name: str) -> str:
        return name

    @classmethod
    @operation("inner.class")
    def inner_class(cls) -> type:
        return cls

    @operation("outer.class")
    @classmethod
    def outer_class(cls) -> type:
        return cls

    @staticmethod
    @operation("inner.static")
    def inner_static(value: int) -> int:
        return value

    @operation("outer.static")
    @staticmethod
    def outer_static(value: int) -> int:
        return value

    @property
    @operation("property")
    def value(self) -> int:
        return 7


def test_methods_of_every_kind(observed: Observed) -> None:
    service = Service()
    assert service.method(name="disk") == "disk"
    assert service.method("disk") == "disk"
    assert (service.inner_class(), Service.outer_class()) == (Service, Service)
    assert (service.inner_static(1), Service.outer_static(2), service.value) == (1, 2, 7)
    assert [name for name, _ in observed.outcomes] == [
        "method", "method", "inner.class", "outer.class", "inner.static", "outer.static", "property",
    ]  # fmt: skip
    assert [span.attributes.get("name") for span in observed.spans[:2]] == ["disk", "disk"]


def test_a_partial_of_a_coroutine_function_is_one(observed: Observed) -> None:
    async def double(value: int) -> int:
        await asyncio.sleep(0)
        assert current_operation().outcome == ""
        return 2 * value

    assert asyncio.run(operation("doubled")(functools.partial(double, 4))()) == 8
    assert observed.outcomes == [("doubled", "success")]


@pytest.mark.parametrize("wrong", [int, 7, None])
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"resource\.create"):
        operation("resource.create")(wrong)


@pytest.mark.parametrize("wrong", ["", None, len])
def test_an_operation_has_a_name(wrong: Any) -> None:
    with pytest.raises(TypeError, match="name"):
        operation(wrong)


def test_an_argument_that_the_function_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="nme"):

        @operation("resource.create", arguments=("nme",))
        def create(name: str) -> None: ...


def test_arguments_are_kept_however_they_are_given(observed: Observed) -> None:
    @operation("resource.create", arguments=("name", "size", "kind", "rest", "more"))
    def create(name: str, /, size: int = 3, *rest: int, kind: str = "disk", **more: int) -> None: ...

    create("a")
    create("a", 4, 5, 6)
    create("a", kind="net", size=9, extra=1)
    kept = [{key: span.attributes.get(key) for key in ("name", "size", "kind")} for span in observed.spans]
    assert kept == [
        {"name": "a", "size": 3, "kind": "disk"},
        {"name": "a", "size": 4, "kind": "disk"},
        {"name": "a", "size": 9, "kind": "net"},
    ]
    assert [log.attributes["kind"] for log in observed.logs] == ["disk", "disk", "disk", "disk", "net", "net"]


def test_one_object_decorates_many_functions(observed: Observed) -> None:
    same = operation("same")

    @same
    def first() -> str:
        return "first" + second()

    @same
    def second() -> str:
        return "second"

    assert first() == "firstsecond"
    assert observed.values(names.OPERATION_COUNT) == {labels(operation_name="same", outcome="success"): 2}
    inner, outer = observed.spans
    assert inner.parent_id == outer.span_id


def test_recursion(observed: Observed) -> None:
    @operation("factorial", arguments=("n",))
    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(4) == 24
    assert [span.attributes["n"] for span in observed.spans] == [0, 1, 2, 3, 4]
    assert [span.parent_id for span in observed.spans] == [*(span.span_id for span in observed.spans[1:]), ""]


def test_a_block_is_an_operation(observed: Observed) -> None:
    with operation("resource.create", kind="disk", attributes={"resource.size": 3}) as op:
        assert current_operation() is op
        assert op.outcome == ""
        op.set_attribute("resource.id", "7")
        op.add_event("validated", {"rules": 3})
    assert op.outcome == "success"
    (span,) = observed.spans
    assert {"kind": "disk", "resource.size": 3, "resource.id": "7"}.items() <= span.attributes.items()
    assert span.events == [("validated", {"rules": 3})]
    start, end = observed.logs
    assert "resource.id" not in start.attributes
    assert end.attributes["resource.id"] == "7"


def test_a_block_lets_exceptions_through(observed: Observed) -> None:
    block = operation("resource.create", rejects=(Refused,))
    with pytest.raises(Broken), block:
        raise Broken("disk")
    with pytest.raises(Refused), block as op:
        raise Refused("name")
    assert op.outcome == "rejected"
    with pytest.raises(KeyboardInterrupt), block:
        raise KeyboardInterrupt
    assert [outcome for _, outcome in observed.outcomes] == ["failure", "rejected", "cancelled"]


def test_outside_of_any_operation_there_is_one_that_does_nothing() -> None:
    op = current_operation()
    op.set_attribute("resource.id", 7)
    op.add_event("validated", {"rules": 3})
    op.add_event("validated")
    assert op.outcome == ""
    assert not op.attributes
    assert current_operation() is op


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


@pytest.mark.parametrize("rejects", [(), (Unspeakable,)])
def test_an_exception_without_words(observed: Observed, rejects: tuple[type[Exception], ...]) -> None:
    @operation("resource.create", rejects=rejects)
    def create() -> None:
        raise Unspeakable

    with pytest.raises(Unspeakable):
        create()
    assert observed.outcomes == [("resource.create", "rejected" if rejects else "failure")]
    assert observed.logs[-1].attributes[names.ERROR_TYPE].endswith("Unspeakable")
    assert not observed.errors.failures


@pytest.mark.parametrize("rejects", [Refused, (Refused,), [Refused], {Refused}])
def test_rejects_takes_one_or_several(observed: Observed, rejects: Any) -> None:
    @operation("resource.create", rejects=rejects)
    def create(error: Exception) -> None:
        raise error

    class Narrower(Refused):
        pass

    for error in (Refused("a"), Narrower("b"), Broken("c")):
        with pytest.raises(type(error)):
            create(error)
    assert [outcome for _, outcome in observed.outcomes] == ["rejected", "rejected", "failure"]


def test_rejects_that_are_no_exceptions_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="rejects"):
        operation("resource.create", rejects=("ValueError",))  # type: ignore[arg-type]  # that is the point


@pytest.mark.requirement("OB-07")
def test_a_count_that_breaks_costs_a_count(observed: Observed) -> None:
    def broken(result: int) -> int:
        raise Broken(str(result))

    @operation("resource.create", resource_type="server", resources=broken, cascade=broken)
    def create() -> int:
        return 7

    assert create() == 7
    assert observed.outcomes == [("resource.create", "success")]
    assert sum(observed.errors.failures.values()) == 2
    assert {kind for _, kind in observed.errors.failures} == {"Broken"}
    assert sum(observed.values(names.OBSERVABILITY_FAILURES).values()) == 2
    assert observed.values(names.RESOURCE_COUNT) == {}


class Odd:
    def __repr__(self) -> str:
        return "odd one"


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("says nothing")

    __str__ = __repr__


ODD = {
    "none": None,
    "object": Odd(),
    "mute": Mute(),
    "day": date(2026, 3, 1),
    "price": Decimal("1.50"),
    "mapping": {"a": [1, {"b": None}]},
    "mixed": [1, "a", None, Odd()],
    "set": {3},
    "bytes": b"\x00\xff",
    "large": 2**80,
    "nan": float("nan"),
}


def test_attributes_of_any_type(observed: Observed, caplog: pytest.LogCaptureFixture) -> None:
    @operation("resource.create", attributes=ODD, arguments=("item",))
    def create(item: object) -> None:
        for key, value in ODD.items():
            current_operation().set_attribute(f"later.{key}", value)
        current_operation().add_event("odd", ODD)

    create(Odd())
    (span,) = observed.spans
    assert span.attributes[names.OUTCOME] == "success"
    # What OpenTelemetry does not take as it is stands there as text, and nobody is warned at each call.
    for key in ("object", "day", "price", "later.day"):
        assert str(ODD[key.removeprefix("later.")]) in str(span.attributes.get(key)), key
    assert str(span.attributes.get("item")) == "odd one"
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    assert not observed.errors.failures
    assert len(observed.logs) == 2


def test_an_operation_that_ended_takes_no_more(observed: Observed, caplog: pytest.LogCaptureFixture) -> None:
    with operation("resource.create") as op:
        pass
    op.set_attribute("late", 1)
    op.add_event("late")
    assert "late" not in observed.spans[0].attributes
    assert op.outcome == "success"
