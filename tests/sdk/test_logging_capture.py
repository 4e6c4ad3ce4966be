import io
import logging
import logging.config
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from andiron.sdk.logging_capture import METHOD, LoggingCapture


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def captured() -> Iterator[Kept]:
    """A capture around a root logger that nobody has configured, as in a fresh program: pytest's own handlers are out of the way."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    handler = Kept()
    capture = LoggingCapture(handler)
    capture.start()
    try:
        yield handler
    finally:
        capture.stop()
        root.handlers[:] = handlers
        root.setLevel(level)


def test_info_is_captured_where_nobody_configured_logging(capsys: pytest.CaptureFixture[str]) -> None:
    with captured() as kept:
        logging.getLogger("some.module").info("hello")
        logging.getLogger("some.module").warning("careful")
        assert kept.texts == ["hello", "careful"]
        assert capsys.readouterr().err == "careful\n"  # as without us: the last resort prints warnings


def test_a_handler_that_comes_later_prints_what_it_would_without_us() -> None:
    with captured() as kept:
        stream = io.StringIO()
        logging.basicConfig(stream=stream, format="%(message)s")  # as `logging.warning` does by itself
        verbose = logging.getLogger("some.verbose")
        verbose.setLevel(logging.INFO)
        logging.getLogger("some.module").info("hello")
        logging.getLogger("some.module").warning("careful")
        verbose.info("asked for")
        logging.getLogger().setLevel(logging.INFO)
        logging.getLogger("some.module").info("wanted now")
        verbose.setLevel(logging.NOTSET)
        assert kept.texts == ["hello", "careful", "asked for", "wanted now"]
        assert stream.getvalue() == "careful\nasked for\nwanted now\n"


def test_basic_config_works_after_us() -> None:
    with captured() as kept:
        stream = io.StringIO()
        logging.basicConfig(stream=stream, level=logging.DEBUG, format="%(message)s")
        logging.getLogger("some.module").debug("details")
        assert stream.getvalue() == "details\n"
        assert kept.texts == ["details"]


def test_dict_config_does_not_take_us_away() -> None:
    with captured() as kept:
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"out": {"class": "logging.StreamHandler", "stream": sys.stdout}},
                "root": {"handlers": ["out"], "level": "INFO"},
            }
        )
        logging.getLogger("some.module").info("still here")
        assert kept.texts == ["still here"]


def test_a_logger_that_does_not_propagate_keeps_its_records() -> None:
    with captured() as kept:
        logger = logging.getLogger("private.one")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        try:
            logger.error("nobody's business")
            logging.getLogger("private.one.below").error("neither")
        finally:
            logger.propagate = True
            logger.handlers.clear()
        assert kept.texts == []


def test_after_the_end_everything_is_as_before() -> None:
    root = logging.getLogger()
    before, level = logging.Logger.callHandlers, root.level
    handler = Kept()
    capture = LoggingCapture(handler)
    capture.start()
    capture.start()
    capture.stop()
    capture.stop()
    assert logging.Logger.callHandlers is before
    assert root.level == level
    logging.getLogger("some.module").error("late")
    assert handler.texts == []


def test_somebody_who_wrapped_us_is_left_in_place() -> None:
    before = logging.Logger.callHandlers
    handler = Kept()
    capture = LoggingCapture(handler)
    capture.start()
    ours = logging.Logger.callHandlers

    def wrapped(logger: logging.Logger, record: logging.LogRecord) -> None:
        ours(logger, record)

    setattr(logging.Logger, METHOD, wrapped)
    try:
        capture.stop()
        logging.getLogger("some.module").error("late")
        assert logging.Logger.callHandlers is wrapped
        assert handler.texts == []
    finally:
        setattr(logging.Logger, METHOD, before)
