"""Requests whose records carry ids of the test's own, and what a data folder holds of them in the end."""

import http.client
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.server import Server
from tests.ingest.offline import ask

SIGNALS = ("traces", "logs", "metrics")
SENDERS = 4
COUNTS = {
    "traces": "SELECT SpanName, count() FROM andiron.otel_traces GROUP BY 1",
    "logs": "SELECT Body, count() FROM andiron.otel_logs GROUP BY 1",
    "metrics": "SELECT MetricName, count() FROM andiron.metric_numbers "
    "INNER JOIN (SELECT DISTINCT SeriesId, MetricName FROM andiron.metric_series) AS s USING SeriesId GROUP BY 1",
    # What the views behind the first table have made of the same spans.
    "times": "SELECT lower(TraceId), count() FROM andiron.otel_traces_trace_id_ts GROUP BY 1",
}


def numbered(signal: str, ids: Iterable[str]) -> bytes:
    """A request of one record for each id; spans are each in a trace of its own, which the id names."""
    match signal:
        case "traces":
            spans = ExportTraceServiceRequest()
            for each in ids:
                span = spans.resource_spans.add().scope_spans.add().spans.add(name=each, trace_id=trace(each))
                span.start_time_unix_nano = time.time_ns()
            return spans.SerializeToString()
        case "logs":
            logs = ExportLogsServiceRequest()
            for each in ids:
                logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = each
            return logs.SerializeToString()
        case _:
            metrics = ExportMetricsServiceRequest()
            for each in ids:
                metrics.resource_metrics.add().scope_metrics.add().metrics.add(name=each).sum.data_points.add(as_int=1)
            return metrics.SerializeToString()


def trace(name: str) -> bytes:
    """A trace id that says its name."""
    return name.encode().rjust(16, b".")[-16:]


def drain(server: Server) -> None:
    """Wait until the store holds all that was acknowledged."""
    server.until(lambda: not server.metric("andiron_journal_backlog_bytes"))


def held(data: Path) -> dict[str, Counter[str]]:
    """How often each id is there, by signal. The server has stopped."""
    answers = ask(data, *COUNTS.values())
    return {
        signal: Counter({name: int(number) for name, number in rows})
        for signal, rows in zip(COUNTS, answers, strict=True)
    }


def exactly(found: dict[str, Counter[str]], signal: str, acknowledged: Sequence[str], sent: Sequence[str]) -> None:
    """What was acknowledged is there once, what was only sent at most once, and nothing else."""
    counts = found[signal]
    assert {each: counts[each] for each in acknowledged if counts[each] != 1} == {}
    assert {each: number for each, number in counts.items() if number > 1} == {}
    assert counts.keys() - set(sent) == set()
    if signal == "traces":
        assert found["times"] == Counter({trace(name).hex(): 1 for name in counts})


@dataclass
class Traffic:
    """Senders that go on until the server is gone, and remember what they sent and what was acknowledged."""

    sent: dict[str, list[str]] = field(default_factory=lambda: {signal: [] for signal in SIGNALS})
    acknowledged: dict[str, list[str]] = field(default_factory=lambda: {signal: [] for signal in SIGNALS})
    answers: int = 0
    refused: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    gone: int = 0

    def run(self, port: int, name: str, seed: int) -> None:
        pick = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            for n in itertools.count():
                signal = SIGNALS[n % 3]
                ids = [f"{name}.{n}.{k}" for k in range(pick.randrange(1, 4))]
                with self.changed:
                    self.sent[signal] += ids
                connection.request(
                    "POST", f"/v1/{signal}", numbered(signal, ids), {"content-type": "application/x-protobuf"}
                )
                answer = connection.getresponse()
                answer.read()
                with self.changed:
                    if answer.status == 200:
                        self.acknowledged[signal] += ids
                    else:
                        self.refused.append(answer.status)
                    self.answers += 1
                    self.changed.notify_all()
        except (OSError, http.client.HTTPException):
            with self.changed:
                self.gone += 1
                self.changed.notify_all()
        finally:
            connection.close()

    def begin(self, port: int, name: str, pick: random.Random) -> list[threading.Thread]:
        """Start the senders; each request carries ids that begin with `name`."""
        self.gone, self.answers = 0, 0
        threads = [
            threading.Thread(target=self.run, args=(port, f"{name}{sender}", pick.randrange(2**32)))
            for sender in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def wait(self, answers: int) -> None:
        """Until so many requests were answered."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.answers >= answers or self.gone == SENDERS, 30)
