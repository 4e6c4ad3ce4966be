"""Logfire's console, through which no secret passes."""

import io

import logfire
import pytest
from rich.console import Console

import andiron
from andiron.redaction import Redactor
from andiron.sdk import in_force
from andiron.sdk.clean_stream import CleanStream
from andiron.sdk.jsonlog import Entry, JsonLines

pytestmark = [pytest.mark.requirement("CL-12"), pytest.mark.requirement("LF-14")]


def test_a_secret_in_colours_is_seen_and_what_is_clean_keeps_them() -> None:
    target = io.StringIO()
    stream = CleanStream(target)
    stream.write("\x1b[32mhello\x1b[0m │ world\n")
    stream.write("mail bob\x1b[32m@example\x1b[0m.com\n")
    assert target.getvalue() == "\x1b[32mhello\x1b[0m │ world\nmail [redacted:email]\n"
    assert not stream.isatty()


def test_rich_writes_to_it_in_one_piece() -> None:
    target = io.StringIO()
    console = Console(file=CleanStream(target), force_terminal=True, soft_wrap=True)  # type: ignore[arg-type] # all that it asks for
    console.print("[red]mail bob[/red]@example.com", "and more", highlight=True)
    assert target.getvalue() == "mail [redacted:email] and more\n"


def test_the_console_of_configure(capsys: pytest.CaptureFixture[str], reset_telemetry: None) -> None:
    andiron.configure(console="text", spool="memory", url="http://127.0.0.1:9", exit_timeout=0, session=False)
    logfire.info("mail {to}", to="bob@example.com")
    assert "mail [redacted:email]" in capsys.readouterr().out


def test_lines_follow_the_rules_that_are_in_force() -> None:
    lines = JsonLines()
    entry = Entry(0, 9, "ORD-123456", "shop", {"note": "ORD-123456"})
    assert lines.line(entry).count("ORD-123456") == 2
    try:
        in_force.use(Redactor(patterns={"order": "ORD-[0-9]{6}"}))
        assert lines.line(entry).count("[redacted:order]") == 2
    finally:
        in_force.use(None)
    assert lines.line(entry).count("ORD-123456") == 2
