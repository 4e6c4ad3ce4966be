import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.delivery.guard import Guard, Sampling
from andiron.delivery.levels import Level


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.requirement("CL-13")
@given(
    level=st.sampled_from([Level.ERROR, Level.FATAL]),
    share=st.floats(0, 1),
    chance=st.floats(0, 0.999),
    least=st.sampled_from(list(Level)),
)
def test_errors_always_pass(level: Level, share: float, chance: float, least: Level) -> None:
    guard = Guard(
        Sampling(levels=dict.fromkeys(Level, share), loggers={"app": 0.0}, per_second={"": 0.001}),
        level=least,
        chance=lambda: chance,
        clock=Clock(),
    )
    assert all(guard.passes(level, "app.db") for _ in range(5))


@pytest.mark.requirement("CL-13")
def test_shares_of_level_and_of_the_nearest_logger_multiply() -> None:
    chance = 0.0
    guard = Guard(
        Sampling(levels={Level.DEBUG: 0.5}, loggers={"app": 0.5, "app.db": 0.1, "": 0.9}), chance=lambda: chance
    )
    passes: dict[str, list[bool]] = {"app": [], "app.db.pool": [], "other": [], "application": []}
    for chance in (0.04, 0.06, 0.2, 0.3, 0.46):  # noqa: B007 - the guard reads it
        for logger, seen in passes.items():
            seen.append(guard.passes(Level.DEBUG, logger))
    assert passes == {
        "app": [True, True, True, False, False],  # 0.25
        "app.db.pool": [True, False, False, False, False],  # 0.05
        "other": [True, True, True, True, False],  # 0.45
        "application": [True, True, True, True, False],
    }


@pytest.mark.requirement("CL-13")
def test_a_cap_lets_a_burst_through_and_then_its_rate() -> None:
    clock = Clock()
    guard = Guard(Sampling(per_second={"app": 2.0}, burst=3.0), clock=clock)
    assert [guard.passes(Level.INFO, "app.x") for _ in range(8)] == [True] * 6 + [False] * 2
    assert guard.passes(Level.INFO, "other")
    clock.now += 1
    assert [guard.passes(Level.INFO, "app") for _ in range(3)] == [True, True, False]
    clock.now -= 100  # a clock that goes back adds nothing and breaks nothing
    assert not guard.passes(Level.INFO, "app")


@pytest.mark.requirement("CL-13")
def test_below_the_level_nothing_passes_whoever_sets_it() -> None:
    levels = {"noisy": Level.ERROR}
    guard = Guard(level=lambda logger: levels.get(logger, Level.INFO))
    assert not guard.passes(Level.DEBUG, "app")
    assert guard.passes(Level.INFO, "app")
    assert not guard.passes(Level.WARN, "noisy")
    levels.clear()
    assert guard.passes(Level.WARN, "noisy")


def test_an_open_guard_need_not_be_asked() -> None:
    assert Guard().open
    assert Guard(Sampling(levels={Level.INFO: 1.0})).open
    assert not Guard(level=Level.INFO).open
    assert not Guard(Sampling(loggers={"app": 0.5})).open


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"levels": {Level.INFO: 1.5}}, "between 0 and 1"),
        ({"loggers": {"app": -1}}, "between 0 and 1"),
        ({"per_second": {"": 0}}, "above 0"),
    ],
)
def test_shares_and_caps_that_make_no_sense_are_refused(wrong: dict[str, dict[object, float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampling(**wrong)  # type: ignore[arg-type]  # that is the point


def test_who_logs_within_the_guard_does_not_wait_for_itself() -> None:
    """A signal's handler, or a finalizer, runs in the middle of anything."""

    class Interrupting(Clock):
        asked = False

        def __call__(self) -> float:
            if not self.asked:
                self.asked = True
                assert guard.passes(Level.INFO, "app")
            return self.now

    guard = Guard(Sampling(per_second={"app": 10.0}), clock=Interrupting())
    assert guard.passes(Level.INFO, "app")
