"""Encoding: µs a span of ten attributes and a log of six, against the official encoder with the same records in the same run.

    python -m bench.encode [--records 2000]

Half of the attributes repeat, as methods, routes and files do; the others are new in each record. Ours is taken without a redactor
and with the default one; each figure is the best of nine, with the three in turns, as the machine's pace changes.
"""

import argparse
import time
from collections.abc import Callable

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from andiron.delivery.encode import Encoder
from andiron.redaction import Redactor

ROUNDS = 9


def main() -> None:
    """Time them in turns, print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000)
    number = parser.parse_args().records
    spans, logs = make_spans(number), make_logs(number)
    report("span", number, lambda: encode_spans(spans).SerializeToString(), lambda encoder: encoder.traces(spans))
    report("log", number, lambda: encode_logs(logs).SerializeToString(), lambda encoder: encoder.logs(logs))


def report(what: str, number: int, official: Callable[[], bytes], ours: Callable[[Encoder], bytes]) -> None:
    """One line a signal. An encoder is new in each round, so that what is new in each record is new to its memory."""
    best = dict.fromkeys(("official", "ours", "redacting"), float("inf"))
    redactor = Redactor()
    for _ in range(ROUNDS):
        plain, redacting = Encoder(None), Encoder(redactor)
        for name, run in (
            ("official", official),
            ("ours", lambda plain=plain: ours(plain)),
            ("redacting", lambda redacting=redacting: ours(redacting)),
        ):
            began = time.perf_counter()
            run()
            best[name] = min(best[name], (time.perf_counter() - began) / number * 1e6)
    print(
        f"{what}: official {best['official']:.1f} µs, ours {best['ours']:.1f} µs ({best['official'] / best['ours']:.1f} times"
        f" as fast), with redaction {best['redacting']:.1f} µs ({best['official'] / best['redacting']:.1f} times)"
    )


def make_spans(number: int) -> list[ReadableSpan]:
    """Spans as an instrumented web application makes them."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop", "service.version": "1.4.2"}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("shop.web", "1.0")
    for n in range(number):
        with tracer.start_as_current_span(
            f"GET /orders/{n % 7}",
            attributes={
                "http.request.method": "GET",
                "http.route": "/orders/{id}",
                "http.response.status_code": 200,
                "code.filepath": "shop/orders/views.py",
                "code.lineno": 117,
                "url.full": f"https://shop.example.com/orders/{n}?page={n % 13}",
                "order.id": f"o-{n:08x}",
                "order.total": n * 1.25,
                "user.id": 1_000_000 + n,
                "db.statement": f"SELECT * FROM orders WHERE id = {n} AND state <> 'cancelled' ORDER BY made DESC LIMIT 20",  # noqa: S608, RUF100 - a text
            },
        ):
            pass
    return list(memory.get_finished_spans())


def make_logs(number: int) -> list[ReadableLogRecord]:
    """Logs of a request each."""
    resource = Resource({"service.name": "shop", "service.version": "1.4.2"})
    scope = InstrumentationScope("shop.web", "1.0")
    return [
        ReadableLogRecord(
            LogRecord(
                timestamp=1_700_000_000_000_000_000 + n,
                observed_timestamp=1_700_000_000_000_000_000 + n,
                severity_text="INFO",
                severity_number=SeverityNumber.INFO,
                body=f"order {n} was shipped to the customer",
                attributes={
                    "code.filepath": "shop/orders/ship.py",
                    "code.lineno": 33,
                    "logger": "shop.orders",
                    "order.id": f"o-{n:08x}",
                    "weight": n * 0.5,
                    "carrier": "post",
                },
            ),
            resource,
            scope,
        )
        for n in range(number)
    ]


if __name__ == "__main__":
    main()
