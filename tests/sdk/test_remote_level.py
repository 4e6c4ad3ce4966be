import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from andiron.delivery.levels import Level
from andiron.sdk.level_rules import LEVEL_NAMES, MOST_RULES, Document, Here, Rules
from andiron.sdk.logger_levels import NUMBERS, LoggerLevels
from andiron.sdk.remote_level import MOST_BYTES, RemoteLevel
from tests.sdk.emitted import Clock

pytestmark = pytest.mark.requirement("CL-18")
HERE = Here("shop", "prod", "i-1")
CONTRACT = Path(__file__).parents[2] / "docs/remote-level.md"


class ConfigServer(ThreadingHTTPServer):
    """Answers as it is told, and keeps what it was asked. It proves what the client does, not what a server ought to do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.body: bytes = b'{"levels": []}'
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[dict[str, list[str]], dict[str, str]]] = []
        self.arrived = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wants(self, *rules: dict[str, Any], etag: str = "") -> None:
        self.status, self.body = 200, json.dumps({"levels": rules}).encode()
        self.headers = {"ETag": etag} if etag else {}


class Handler(BaseHTTPRequestHandler):
    server: ConfigServer

    def do_GET(self) -> None:
        server = self.server
        parts = urlsplit(self.path)
        assert parts.path == "/api/v1/config"
        server.asked.append((parse_qs(parts.query), {name.lower(): value for name, value in self.headers.items()}))
        etag = server.headers.get("ETag")
        status = 304 if etag and self.headers.get("If-None-Match") == etag else server.status
        body = b"" if status in (204, 304) else server.body
        self.send_response(status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        server.arrived.release()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ConfigServer]:
    with ConfigServer() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


class Setting:
    """A RemoteLevel with clocks that stand still."""

    def __init__(self, url: str, **more: Any) -> None:
        self.clock, self.wall, self.user = Clock(0.0), Clock(1_000.0), list[str | None]([None])
        given = {"configured": Level.INFO, "chance": lambda: 0.5, **more}
        self.remote = RemoteLevel(
            url, HERE, clock=self.clock, wall=self.wall, user=lambda: self.user[0], version="1.2", **given
        )


@pytest.fixture
def setting(server: ConfigServer) -> Iterator[Setting]:
    made = Setting(server.url)
    yield made
    made.remote.stop()


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def test_a_level_changes_with_the_next_poll_and_back(server: ConfigServer, setting: Setting) -> None:
    remote = setting.remote
    assert remote.level_for("shop.db") is Level.INFO
    server.wants({"level": "debug", "logger": "shop.db"})
    assert remote.poll() == 60.0
    assert remote.level_for("shop.db") is Level.DEBUG
    assert remote.level_for("shop.db.pool") is Level.DEBUG
    assert remote.level_for("shop.dbx") is Level.INFO
    server.wants()
    remote.poll()
    assert remote.level_for("shop.db") is Level.INFO
    assert (remote.polls.changed, remote.polls.malformed) == (2, 0)


def test_what_is_asked(server: ConfigServer) -> None:
    setting = Setting(server.url + "/", token=lambda: "t-1")
    setting.user[0] = "Zoë"
    setting.remote.poll()
    query, headers = server.asked[0]
    assert query == {"service": ["shop"], "environment": ["prod"], "version": ["1.2"]}
    assert headers["authorization"] == "Bearer t-1"
    assert headers["andiron-installation"] == "i-1"
    assert headers["andiron-user"] == "Zo%C3%AB"
    assert "if-none-match" not in headers
    assert "traceparent" not in headers
    setting.remote.stop()


def test_what_did_not_change_is_not_sent_again(server: ConfigServer, setting: Setting) -> None:
    server.wants({"level": "error"}, etag='"7"')
    setting.remote.poll()
    setting.remote.poll()
    assert server.asked[1][1]["if-none-match"] == '"7"'
    assert (setting.remote.polls.changed, setting.remote.polls.unchanged) == (1, 1)
    assert setting.remote.level_for("any") is Level.ERROR


def test_rules_of_others_do_not_count(server: ConfigServer, setting: Setting) -> None:
    server.wants(
        {"level": "trace", "service": "till"},
        {"level": "trace", "environment": "stage"},
        {"level": "trace", "installation": "i-2"},
        {"level": "warn", "service": "shop", "environment": "prod", "installation": "i-1"},
    )
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.WARN


def test_a_rule_for_a_user_follows_the_user(server: ConfigServer, setting: Setting) -> None:
    server.wants({"level": "trace", "user": "ada"}, {"level": "warn"})
    setting.remote.poll()
    levels = []
    for user in (None, "ada", "grace", "ada"):
        setting.user[0] = user
        levels.append(setting.remote.level_for("any"))
    assert levels == [Level.WARN, Level.TRACE, Level.WARN, Level.TRACE]


def test_a_rule_ends_when_it_says_without_a_poll(server: ConfigServer, setting: Setting) -> None:
    server.wants({"level": "debug", "expires_at": at(1_030.0)}, {"level": "warn", "expires_at": at(1_500.0)})
    setting.remote.poll()
    assert setting.remote.refresh() == 30.0
    assert setting.remote.level_for("any") is Level.WARN, "of equals the later one holds"
    server.wants({"level": "debug", "service": "shop", "expires_at": at(1_030.0)}, {"level": "warn"})
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.DEBUG
    setting.wall.now = 1_030.0
    setting.remote.refresh()
    assert setting.remote.level_for("any") is Level.WARN


def test_when_the_server_is_away_for_too_long_the_configured_level_holds(server: ConfigServer) -> None:
    setting = Setting(server.url, max_age=900.0)
    server.wants({"level": "debug"})
    setting.remote.poll()
    server.status = 500
    waits = []
    for now in (60.0, 899.0, 900.0):
        setting.clock.now = now
        waits.append(setting.remote.poll())
        expected = Level.DEBUG if now < 900 else Level.INFO
        assert setting.remote.level_for("any") is expected
    assert waits == [120.0, 240.0, 480.0]
    server.status = 200
    assert setting.remote.poll() == 60.0
    assert setting.remote.level_for("any") is Level.DEBUG
    setting.remote.stop()


def test_nobody_there_is_a_failure_like_any_other() -> None:
    setting = Setting("http://127.0.0.1:1")
    assert setting.remote.poll() == 120.0
    assert setting.remote.polls.failed == 1
    setting.remote.stop()


@pytest.mark.parametrize(
    ("status", "retry_after", "wait"),
    [
        (503, "7", 7.0),
        (429, "200", 200.0),
        (200, "300", 300.0),
        (304, "300", 300.0),
        (503, "0", 1.0),
        (503, "99999999", 3600.0),
        (503, "soon", 120.0),
        (503, at(1_000.0), 120.0),
        (401, None, 120.0),
        (404, None, 600.0),
        (204, None, 60.0),
    ],
)
def test_when_to_come_again(
    server: ConfigServer, setting: Setting, status: int, retry_after: str | None, wait: float
) -> None:
    server.status = status
    server.headers = {"Retry-After": retry_after} if retry_after else {}
    assert setting.remote.poll() == wait


@pytest.mark.parametrize("status", [204, 404])
def test_a_server_without_rules_takes_them_back(server: ConfigServer, setting: Setting, status: int) -> None:
    server.wants({"level": "debug"}, etag='"1"')
    setting.remote.poll()
    server.status, server.headers = status, {}
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.INFO
    server.wants({"level": "debug"}, etag='"1"')
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.DEBUG


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"levels": 3}',
        b'{"levels": [{}]}',
        b'{"levels": [{"level": "loud"}]}',
        b'{"levels": [{"level": 5}]}',
        b'{"levels": [{"level": "DEBUG"}]}',
        b'{"levels": [{"level": "debug", "logger": ""}]}',
        b'{"levels": [{"level": "debug", "user": 7}]}',
        b'{"levels": [{"level": "debug", "expires_at": "2026-01-01T00:00:00"}]}',
        b'{"levels": [{"level": "debug", "expires_at": 1}]}',
        b'{"levels": [{"level": "debug"}, null]}',
        json.dumps({"levels": [{"level": "debug"}] * (MOST_RULES + 1)}).encode(),
        b'{"levels": [], "x": "' + b"x" * MOST_BYTES + b'"}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_document_keeps_the_last_good_one(server: ConfigServer, setting: Setting, body: bytes) -> None:
    server.wants({"level": "debug"}, etag='"1"')
    setting.remote.poll()
    server.body, server.headers = body, {"ETag": '"2"'}
    setting.remote.poll()
    assert setting.remote.polls.malformed == 1
    assert setting.remote.level_for("any") is Level.DEBUG
    server.wants({"level": "error"}, etag='"2"')
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.ERROR, "the ETag of what could not be read is not remembered"


def test_what_is_not_known_is_passed_over(server: ConfigServer, setting: Setting) -> None:
    server.body = b'{"levels": [{"level": "debug", "colour": "red"}], "sampling": {}}'
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.DEBUG


def test_offline_nobody_is_asked_and_polls_are_spread(server: ConfigServer) -> None:
    chances = iter([0.0, 1.0])
    setting = Setting(server.url, online=lambda: False, chance=lambda: next(chances))
    assert setting.remote.poll() == pytest.approx(54.0)
    assert setting.remote.poll() == pytest.approx(66.0)
    assert server.asked == []
    setting.remote.stop()


@pytest.fixture
def loggers() -> Iterator[list[logging.Logger]]:
    names = ["", "andiron.test.shop", "andiron.test.other"]
    found = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in found]
    yield found
    for logger, level in zip(found, before, strict=True):
        logger.setLevel(level)


def test_loggers_follow_and_are_put_back(server: ConfigServer, setting: Setting, loggers: list[logging.Logger]) -> None:
    root, shop, other = loggers
    root.setLevel(logging.WARNING)
    other.setLevel(logging.ERROR)
    server.wants(
        {"level": "trace", "logger": shop.name},
        {"level": "info"},
        {"level": "debug", "user": "ada", "logger": shop.name},
    )
    setting.remote.poll()
    assert [logger.level for logger in loggers] == [logging.INFO, 5, logging.ERROR]
    server.wants({"level": "debug", "user": "ada"}, {"level": "error"})
    setting.remote.poll()
    assert root.level == logging.DEBUG, (
        "a logger does not know for whom it works, so it lets pass what any user may want"
    )
    assert shop.level == logging.NOTSET
    setting.remote.stop()
    assert [logger.level for logger in loggers] == [logging.WARNING, logging.NOTSET, logging.ERROR]


def test_what_the_application_sets_meanwhile_is_what_stays(loggers: list[logging.Logger]) -> None:
    levels, (_, shop, other) = LoggerLevels(), loggers
    levels.apply({shop.name: Level.DEBUG, other.name: Level.DEBUG})
    shop.setLevel(logging.CRITICAL)
    levels.apply({other.name: Level.DEBUG})
    assert shop.level == logging.CRITICAL
    other.setLevel(logging.ERROR)
    levels.apply({other.name: Level.TRACE})
    assert other.level == NUMBERS[Level.TRACE]
    levels.restore()
    assert other.level == logging.ERROR


def test_the_thread_polls_until_it_is_stopped(server: ConfigServer) -> None:
    remote = RemoteLevel(server.url, HERE, Level.INFO, interval=0.001)
    server.wants({"level": "debug"})
    remote.start()
    remote.start()
    for _ in range(3):
        assert server.arrived.acquire(timeout=30)
    assert [thread.name for thread in threading.enumerate()].count("andiron-remote-level") == 1
    remote.stop()
    remote.stop()
    assert remote.level_for("any") is Level.INFO
    assert "andiron-remote-level" not in [thread.name for thread in threading.enumerate()]


def test_started_anew_it_asks_for_the_whole_document(server: ConfigServer, setting: Setting) -> None:
    server.wants({"level": "debug"}, etag='"1"')
    setting.remote.poll()
    setting.remote.stop()
    setting.remote.start()
    assert server.arrived.acquire(timeout=30)
    assert server.arrived.acquire(timeout=30)
    assert "if-none-match" not in server.asked[1][1]


def test_an_answer_that_comes_after_the_stop_changes_nothing(server: ConfigServer, setting: Setting) -> None:
    server.wants({"level": "debug"})
    setting.remote.stop()
    setting.remote.poll()
    assert setting.remote.level_for("any") is Level.INFO


FORKED = """
import os, sys
from andiron.delivery.levels import Level
from andiron.sdk.level_rules import Here
from andiron.sdk.remote_level import RemoteLevel
remote = RemoteLevel(sys.argv[1], Here("shop"), Level.INFO, interval=3600.0)
remote.start()
sys.stdin.readline()
child = os.fork()
sys.stdin.readline()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
remote.stop()
"""


def test_a_forked_child_polls_by_itself(server: ConfigServer) -> None:
    with subprocess.Popen([sys.executable, "-c", FORKED, server.url], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert server.arrived.acquire(timeout=30)
        process.stdin.write("fork\n")
        process.stdin.flush()
        # The parent does not ask again for an hour.
        assert server.arrived.acquire(timeout=30)
        process.stdin.close()
    assert process.returncode == 0
    assert len(server.asked) == 2


RULE = st.fixed_dictionaries(
    {
        "level": st.sampled_from(LEVEL_NAMES),
        "service": st.sampled_from([None, "shop", "till"]),
        "environment": st.sampled_from([None, "prod", "stage"]),
        "logger": st.sampled_from([None, "shop", "shop.db", "shop.db.pool", "sh"]),
        "installation": st.sampled_from([None, "i-1", "i-2"]),
        "user": st.sampled_from([None, "ada", "grace"]),
        "expires_at": st.none() | st.integers(0, 10).map(at),
    }
)


def fits(rule: dict[str, Any], logger: str, user: str | None, now: float) -> bool:
    return (
        rule["service"] in (None, "shop")
        and rule["environment"] in (None, "prod")
        and rule["installation"] in (None, "i-1")
        and rule["user"] in (None, user)
        and (rule["logger"] is None or f"{logger}.".startswith(f"{rule['logger']}."))
        and (rule["expires_at"] is None or now < datetime.fromisoformat(rule["expires_at"]).timestamp())
    )


@given(
    st.lists(RULE, max_size=8),
    st.sampled_from(["shop", "shop.db", "shop.db.pool.x", "other"]),
    st.sampled_from([None, "ada", "grace"]),
    st.floats(0, 11),
)
def test_the_most_specific_living_rule_holds(
    rules: list[dict[str, Any]], logger: str, user: str | None, now: float
) -> None:
    document = json.dumps({"levels": rules})
    jsonschema.validate(json.loads(document), Document.model_json_schema())
    made = Rules(Document.model_validate_json(document), HERE)
    fitting = [rule for rule in rules if fits(rule, logger, user, now)]
    found = made.level(logger, user, now)
    if not fitting:
        assert found is None
        return
    best = fitting[0]
    for rule in fitting[1:]:
        for key in ("user", "installation", "logger", "service", "environment"):
            mine, its = (len((each[key] or "").split(".")) if each[key] else 0 for each in (rule, best))
            if mine != its:
                best = rule if mine > its else best
                break
        else:
            best = rule
    assert found is not None
    assert found.name.lower() == best["level"]
    lowest = made.lowest(logger, now)
    assert lowest is not None
    assert lowest <= found, "a logger never holds back what the guard would pass"
    end = made.next_end(now)
    assert end is None or end > now


def test_the_schema_in_the_contract_is_the_one_that_is_read() -> None:
    block = CONTRACT.read_text().split("```json schema\n")[1].split("```")[0]
    assert json.loads(block) == Document.model_json_schema()


def test_the_example_in_the_contract_is_valid() -> None:
    block = CONTRACT.read_text().split("```json example\n")[1].split("```")[0]
    document = Document.model_validate_json(block)
    assert len(document.levels) >= 3
    with pytest.raises(ValidationError):
        Document.model_validate_json(block.replace('"debug"', '"loud"'))
