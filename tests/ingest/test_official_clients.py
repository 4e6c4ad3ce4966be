"""The packages that people have installed, unchanged, against a real server: OpenTelemetry's exporters and Logfire's SDK.

Each sender runs in a process of its own, for it sets up the globals of its library; what it sent is read back with Logfire's
three ways to ask.
"""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from logfire.db_api import connect
from logfire.query_client import AsyncLogfireQueryClient, LogfireQueryClient, QueryExecutionError

from bench.server import Server

pytestmark = pytest.mark.requirement("AN-04")

BIG = 2**60 + 1
"""Beyond what a double can tell apart."""
NUMBERS = itertools.count()
START = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def send_with_opentelemetry(endpoint: str, protocol: str, compression: str, service: str) -> None:
    """What an application with OpenTelemetry's SDK and its OTLP exporter sends: spans, logs, every kind of metric."""
    import importlib

    import grpc
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import Link, SpanKind, StatusCode

    package = f"opentelemetry.exporter.otlp.proto.{protocol}"

    def exporter(signal: str, module: str, kind: str) -> Any:
        """The exporter of a signal, which over HTTP wants the signal's own address."""
        made = getattr(importlib.import_module(f"{package}.{module}"), kind)
        if protocol == "grpc":
            chosen = {"gzip": grpc.Compression.Gzip, "none": grpc.Compression.NoCompression}[compression]
            return made(endpoint=endpoint, insecure=True, compression=chosen)
        return made(endpoint=f"{endpoint}/v1/{signal}", compression=Compression(compression))

    resource = Resource.create(
        {"service.name": service, "service.version": "7.1", "deployment.environment.name": "test"}
    )

    spans = TracerProvider(resource=resource)
    spans.add_span_processor(BatchSpanProcessor(exporter("traces", "trace_exporter", "OTLPSpanExporter")))
    tracer = spans.get_tracer("scope", "0.1", attributes={"scope.kind": "test"})
    began = nanoseconds(START)
    with tracer.start_as_current_span("earlier", start_time=began) as earlier:
        pass
    root = tracer.start_span(
        "GET /orders",
        kind=SpanKind.SERVER,
        start_time=began,
        links=[Link(earlier.get_span_context(), {"why": "retry"})],
        attributes={
            "http.request.method": "GET",
            "http.response.status_code": 500,
            "big": BIG,
            "ratio": 0.5,
            "whole": 2.0,
            "paid": True,
            "names": ["a", "b"],
            "numbers": [1, 2**60],
        },
    )
    from opentelemetry.trace import use_span

    with use_span(root, end_on_exit=False):
        root.add_event("cache missed", {"key": "k"}, timestamp=began + 1)
        child = tracer.start_span("SELECT", kind=SpanKind.CLIENT, start_time=began + 1000)
        child.end(began + 2000)
        logs = LoggerProvider(resource=resource)
        logs.add_log_record_processor(BatchLogRecordProcessor(exporter("logs", "_log_exporter", "OTLPLogExporter")))
        logs.get_logger("app").emit(
            timestamp=began,
            observed_timestamp=began,
            severity_number=SeverityNumber.WARN,
            severity_text="WARN",
            body="disk almost full",
            attributes={"free": BIG, "nested": {"paths": ["/", {"deep": [1.5, None]}]}},
        )
        logs.get_logger("app").emit(timestamp=began, body={"event": "start", "ports": [1, 2]}, event_name="started")
    root.record_exception(ValueError("no such order"), timestamp=began + 5)
    root.set_status(StatusCode.ERROR, "failed")
    root.end(began + 1_500_000_000)

    reader = PeriodicExportingMetricReader(
        exporter("metrics", "metric_exporter", "OTLPMetricExporter"), export_interval_millis=3_600_000
    )
    view = View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())
    metrics = MeterProvider([reader], resource=resource, views=[view])
    meter = metrics.get_meter("app")
    meter.create_counter("orders", unit="{order}", description="Orders taken.").add(3, {"shop": "north"})
    meter.create_up_down_counter("open").add(-2)
    meter.create_histogram("duration", unit="s", explicit_bucket_boundaries_advisory=[1, 10]).record(5.5)
    meter.create_histogram("exponential").record(4.0)

    def observe(_: CallbackOptions) -> Iterator[Observation]:
        yield Observation(36.6)

    meter.create_observable_gauge("temperature", [observe])
    assert all(provider.force_flush() for provider in (spans, logs, metrics))
    for provider in (spans, logs, metrics):
        provider.shutdown()
    context = root.get_span_context()
    print(json.dumps({"trace": f"{context.trace_id:032x}", "root": f"{context.span_id:016x}"}))  # noqa: T201


def send_with_logfire(url: str, service: str, folder: str) -> None:
    """What an application with Logfire's SDK sends, and a span that is still open when the process is gone."""
    import logfire

    logfire.configure(
        token="any",
        service_name=service,
        service_version="1.2.3",
        environment="test",
        console=False,
        inspect_arguments=False,
        data_dir=folder,
        config_dir=folder,
        advanced=logfire.AdvancedOptions(base_url=url),
    )
    said: dict[str, str] = {}

    def note(name: str, span: Any) -> None:
        said[name] = f"{span.context.span_id:016x}"
        said["trace"] = f"{span.context.trace_id:032x}"

    still_open = logfire.span("still open {n}", n=1)
    still_open.__enter__()
    note("open", still_open)
    with logfire.span(
        "basket of {user}",
        user="Ada",
        _tags=["shop", "basket"],
        nested={"a": [1, {"b": 2.5}], "none": None},
        big=BIG,
        ratio=0.5,
        whole=2.0,
        ok=True,
        text="12",
        when=START,
        empty=[],
    ) as basket:
        note("basket", basket)
        for level in ("trace", "debug", "info", "notice", "warn", "error", "fatal"):
            logfire.log(level, "this is {level}", {"level": level}, tags=["levels"])
        try:
            with logfire.span("payment") as payment:
                note("payment", payment)
                raise ValueError("no money")
        except ValueError:
            pass
    logfire.metric_counter("shop.orders", unit="1", description="Orders.").add(3, {"shop": "north"})
    logfire.metric_histogram("shop.duration", unit="s").record(5.5)
    logfire.metric_up_down_counter("shop.open").add(-2)
    logfire.metric_gauge("shop.temperature").set(36.6)
    assert logfire.force_flush()
    print(json.dumps(said), flush=True)  # noqa: T201
    os.kill(os.getpid(), signal.SIGKILL)  # at any gentler end, `os._exit` too, the SDK closes what is open


def run(sender: Callable[..., None], *arguments: str) -> dict[str, str]:
    """What a sender said, run in a process of its own: that it sent everything, and not a word of complaint."""
    script = f"import sys; from {__name__} import {sender.__name__} as send; send(*sys.argv[1:])"
    # Logfire's SDK sends nothing where it sees pytest.
    ours = ("OTEL_", "LOGFIRE_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-3000:]
    assert done.stderr == ""
    said: dict[str, str] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("clients") / "data", grpc=True) as running:
        yield running


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def until_there(server: Server, service: str, records: int, metrics: int) -> None:
    """Wait until all that a service sent can be asked for."""

    def there() -> bool:
        counts = [
            server.sql(f"SELECT count() AS n FROM {table} WHERE service_name = '{service}'")[0]["n"]
            for table in ("records", "metrics")
        ]
        return bool(counts[0] >= records and counts[1] >= metrics)

    server.until(there)


def sync_rows(server: Server, sql: str) -> list[dict[str, Any]]:
    with LogfireQueryClient("any", url(server)) as client:
        return client.query_json_rows(sql, min_timestamp=START - timedelta(days=3650))["rows"]


def async_rows(server: Server, sql: str) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        async with AsyncLogfireQueryClient("any", url(server)) as client:
            return (await client.query_json_rows(sql, min_timestamp=START - timedelta(days=3650)))["rows"]

    return asyncio.run(ask())


def database_rows(server: Server, sql: str) -> list[dict[str, Any]]:
    with connect("any", url(server), min_timestamp=timedelta(days=3650)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


ASKING = [sync_rows, async_rows, database_rows]


def typed(value: Any) -> Any:
    """A JSON column, whether it came as text or as what the text says."""
    return json.loads(value) if isinstance(value, str) else value


@pytest.fixture(scope="module", params=["http none", "http gzip", "http deflate", "grpc none", "grpc gzip"])
def sent(request: pytest.FixtureRequest, server: Server) -> tuple[str, dict[str, str]]:
    """The name of a service whose telemetry has arrived by one of the official exporters, and the ids it gave."""
    protocol, compression = request.param.split()
    service = f"official-{protocol}-{compression}-{next(NUMBERS)}"
    endpoint = url(server) if protocol == "http" else f"127.0.0.1:{server.grpc_port}"
    ids = run(send_with_opentelemetry, endpoint, protocol, compression, service)
    until_there(server, service, 6, 5)
    return service, ids


class TestOpenTelemetry:
    """OpenTelemetry's SDK and exporters over both protocols, each compression that they offer."""

    def test_spans_come_back_as_they_were(self, server: Server, sent: tuple[str, dict[str, str]]) -> None:
        service, ids = sent
        rows = sync_rows(
            server, f"SELECT * FROM records WHERE service_name = '{service}' AND otel_scope_name = 'scope'"
        )
        by_name = {row["span_name"]: row for row in rows}
        assert by_name.keys() == {"earlier", "GET /orders", "cache missed", "SELECT"}
        root = by_name["GET /orders"]
        assert (root["trace_id"], root["span_id"], root["parent_span_id"]) == (ids["trace"], ids["root"], None)
        assert (root["kind"], root["level"], root["duration"]) == ("span", 17, 1.5)
        assert root["start_timestamp"].startswith("2030-01-02T03:04:05")
        assert (root["otel_status_code"], root["otel_status_message"]) == ("ERROR", "failed")
        assert (root["is_exception"], root["exception_type"]) == (True, "ValueError")
        assert root["exception_message"] == "no such order"
        assert "ValueError: no such order" in root["exception_stacktrace"]
        assert (root["http_method"], root["http_response_status_code"]) == ("GET", 500)
        assert (root["service_version"], root["deployment_environment"]) == ("7.1", "test")
        assert (root["otel_scope_version"], typed(root["otel_scope_attributes"])) == ("0.1", {"scope.kind": "test"})
        assert typed(root["attributes"]) == {
            "http.request.method": "GET",
            "http.response.status_code": 500,
            "big": BIG,
            "ratio": 0.5,
            "whole": 2.0,
            "paid": True,
            "names": ["a", "b"],
            "numbers": [1, 2**60],
        }
        assert isinstance(typed(root["attributes"])["whole"], float)
        (link,) = typed(root["otel_links"])
        assert link["span_id"] == by_name["earlier"]["span_id"]
        assert link["attributes"] == {"why": "retry"}
        assert [event["event_name"] for event in typed(root["otel_events"])] == ["cache missed", "exception"]
        event = by_name["cache missed"]
        assert (event["kind"], event["parent_span_id"], typed(event["attributes"])) == (
            "span_event",
            ids["root"],
            {"key": "k"},
        )
        child = by_name["SELECT"]
        assert (child["parent_span_id"], child["duration"], child["level"]) == (ids["root"], 1e-6, 9)

    def test_logs_come_back_as_they_were(self, server: Server, sent: tuple[str, dict[str, str]]) -> None:
        service, ids = sent
        rows = sync_rows(server, f"SELECT * FROM records WHERE service_name = '{service}' AND otel_scope_name = 'app'")
        by_name = {row["span_name"]: row for row in rows}
        assert len(rows) == 2
        warning, started = by_name["app"], by_name["started"]
        assert (warning["kind"], warning["level"], warning["message"]) == ("log", 13, "disk almost full")
        assert (warning["trace_id"], warning["span_id"]) == (ids["trace"], ids["root"])
        assert warning["duration"] is None
        assert typed(warning["attributes"]) == {"free": BIG, "nested": {"paths": ["/", {"deep": [1.5, None]}]}}
        assert json.loads(started["log_body"]) == {"event": "start", "ports": [1, 2]}

    def test_metrics_come_back_as_they_were(self, server: Server, sent: tuple[str, dict[str, str]]) -> None:
        service, _ = sent
        rows = {
            row["metric_name"]: row
            for row in sync_rows(server, f"SELECT * FROM metrics WHERE service_name = '{service}'")
        }
        assert rows.keys() == {"orders", "open", "duration", "exponential", "temperature"}
        orders = rows["orders"]
        assert (orders["metric_type"], orders["scalar_value"], orders["is_monotonic"]) == ("sum", 3, True)
        assert (orders["aggregation_temporality"], orders["unit"]) == ("cumulative", "{order}")
        assert (orders["metric_description"], typed(orders["attributes"])) == ("Orders taken.", {"shop": "north"})
        assert (rows["open"]["scalar_value"], rows["open"]["is_monotonic"]) == (-2, False)
        assert (rows["temperature"]["metric_type"], rows["temperature"]["scalar_value"]) == ("gauge", 36.6)
        duration = rows["duration"]
        assert (duration["histogram_count"], duration["histogram_sum"], duration["unit"]) == (1, 5.5, "s")
        assert (duration["histogram_min"], duration["histogram_max"]) == (5.5, 5.5)
        assert duration["histogram_explicit_bounds"] == [1, 10]
        assert duration["histogram_bucket_counts"] == [0, 1, 0]
        exponential = rows["exponential"]
        assert exponential["metric_type"] == "exponential_histogram"
        assert (exponential["histogram_sum"], exponential["exp_histogram_positive_bucket_counts"]) == (4, [1])


@pytest.fixture(scope="module")
def shop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of what an application with Logfire's SDK sent; all of it has arrived."""
    folder: Path = tmp_path_factory.mktemp("logfire")
    ids = run(send_with_logfire, url(server), "shop", str(folder))
    until_there(server, "shop", 9, 4)
    return ids


class TestLogfire:
    """Logfire's SDK sends; its clients ask."""

    @pytest.mark.parametrize("rows", ASKING)
    def test_messages_tags_levels_and_attributes_come_back(
        self, server: Server, shop: dict[str, str], rows: Callable[[Server, str], list[dict[str, Any]]]
    ) -> None:
        (basket,) = rows(server, "SELECT * FROM records WHERE service_name = 'shop' AND span_name = 'basket of {user}'")
        assert basket["message"] == "basket of Ada"
        assert (basket["span_id"], basket["trace_id"]) == (shop["basket"], shop["trace"])
        assert basket["parent_span_id"] == shop["open"]
        assert (basket["kind"], basket["level"], sorted(basket["tags"])) == ("span", 9, ["basket", "shop"])
        assert (basket["service_version"], basket["deployment_environment"]) == ("1.2.3", "test")
        assert (basket["is_exception"], basket["exception_type"]) == (False, None)
        attributes = typed(basket["attributes"])
        assert not {"logfire.msg", "logfire.tags", "logfire.json_schema", "logfire.span_type"} & attributes.keys()
        values = {name: value for name, value in attributes.items() if "." not in name and name != "thread"}
        assert values == {
            "user": "Ada",
            "nested": {"a": [1, {"b": 2.5}], "none": None},
            "big": BIG,
            "ratio": 0.5,
            "whole": 2.0,
            "ok": True,
            "text": "12",
            "when": START.isoformat(),
            "empty": [],
        }
        assert [type(values[name]) for name in ("big", "ratio", "whole", "ok", "text")] == [
            int,
            float,
            float,
            bool,
            str,
        ]
        assert typed(basket["attributes_json_schema"])["properties"].keys() == values.keys()

    def test_levels_come_back_and_can_be_compared_by_name(self, server: Server, shop: dict[str, str]) -> None:
        where = f"trace_id = '{shop['trace']}' AND kind = 'log'"
        rows = sync_rows(
            server, f"SELECT level, message, tags, parent_span_id FROM records WHERE {where} ORDER BY level"
        )
        assert [row["level"] for row in rows] == [1, 5, 9, 10, 13, 17, 21]
        assert [row["message"].removeprefix("this is ") for row in rows] == [
            "trace", "debug", "info", "notice", "warn", "error", "fatal",
        ]  # fmt: skip
        assert {(*row["tags"], row["parent_span_id"]) for row in rows} == {("levels", shop["basket"])}
        (count,) = sync_rows(server, f"SELECT count(*) AS n FROM records WHERE {where} AND level >= 'warn'")
        assert count["n"] == 3

    @pytest.mark.parametrize("rows", ASKING)
    def test_exceptions_come_back_in_columns(
        self, server: Server, shop: dict[str, str], rows: Callable[[Server, str], list[dict[str, Any]]]
    ) -> None:
        (payment,) = rows(server, f"SELECT * FROM records WHERE is_exception AND trace_id = '{shop['trace']}'")
        assert (payment["span_id"], payment["parent_span_id"]) == (shop["payment"], shop["basket"])
        assert (payment["exception_type"], payment["exception_message"]) == ("ValueError", "no money")
        assert "ValueError: no money" in payment["exception_stacktrace"]
        assert (payment["level"], payment["otel_status_code"]) == (17, "ERROR")
        assert payment["otel_status_message"] == "ValueError: no money"

    def test_what_has_only_begun_is_in_records_all_under_its_own_id(self, server: Server, shop: dict[str, str]) -> None:
        names = f"SELECT span_id FROM records WHERE trace_id = '{shop['trace']}'"
        assert shop["open"] not in {row["span_id"] for row in sync_rows(server, names)}
        (begun,) = sync_rows(server, f"SELECT * FROM records_all WHERE span_id = '{shop['open']}'")
        assert (begun["kind"], begun["message"], begun["parent_span_id"]) == ("pending_span", "still open 1", None)
        assert begun["trace_id"] == shop["trace"]
        assert typed(begun["attributes"])["n"] == 1
        pending = sync_rows(
            server,
            f"SELECT span_id, parent_span_id FROM records_all WHERE kind = 'pending_span' AND trace_id = '{shop['trace']}'",
        )
        parents = {row["span_id"]: row["parent_span_id"] for row in pending}
        assert (
            parents.items()
            <= {
                shop["open"]: None,
                shop["basket"]: shop["open"],
                shop["payment"]: shop["basket"],
            }.items()
        )

    @pytest.mark.usefixtures("shop")
    @pytest.mark.parametrize("rows", [sync_rows, async_rows])
    def test_metrics_come_back(self, server: Server, rows: Callable[[Server, str], list[dict[str, Any]]]) -> None:
        found = {
            row["metric_name"]: row
            for row in rows(server, "SELECT * FROM metrics WHERE service_name = 'shop' AND metric_name LIKE 'shop.%'")
        }
        assert found.keys() == {"shop.orders", "shop.duration", "shop.open", "shop.temperature"}
        orders, duration = found["shop.orders"], found["shop.duration"]
        assert (orders["scalar_value"], orders["aggregation_temporality"]) == (3, "delta")
        assert (orders["metric_description"], typed(orders["attributes"])) == ("Orders.", {"shop": "north"})
        assert (found["shop.open"]["scalar_value"], found["shop.open"]["aggregation_temporality"]) == (-2, "cumulative")
        assert (found["shop.temperature"]["metric_type"], found["shop.temperature"]["scalar_value"]) == ("gauge", 36.6)
        assert duration["histogram_count"] == 1 or duration["exp_histogram_scale"] is not None
        assert duration["histogram_sum"] == 5.5

    def test_the_database_interface_fills_in_parameters(self, server: Server, shop: dict[str, str]) -> None:
        with connect("any", url(server)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT message, level FROM records WHERE span_id = %(span)s AND array_has(tags, %(tag)s)",
                {"span": shop["basket"], "tag": "shop"},
            )
            assert cursor.fetchall() == [("basket of Ada", 9)]
            assert [column[0] for column in cursor.description or ()] == ["message", "level"]

    def test_csv_and_arrow_hold_the_same(self, server: Server, shop: dict[str, str]) -> None:
        sql = f"SELECT message, level FROM records WHERE span_id = '{shop['basket']}'"
        since = datetime.now(UTC) - timedelta(hours=1)
        with LogfireQueryClient("any", url(server)) as client:
            assert client.query_csv(sql, min_timestamp=since).splitlines() == ['"message","level"', '"basket of Ada",9']
            assert client.query_arrow(sql, min_timestamp=since).to_pylist() == [
                {"message": "basket of Ada", "level": 9}
            ]
            assert client.query_json_rows(sql, min_timestamp=datetime.now(UTC) + timedelta(days=1))["rows"] == []
            assert client.info()["project_name"] == "default"
            with pytest.raises(QueryExecutionError, match="no_such_column"):
                client.query_json_rows("SELECT no_such_column FROM records", min_timestamp=since)
