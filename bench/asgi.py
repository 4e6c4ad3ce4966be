"""What a span a request costs a FastAPI application: requests a second and latency of "hello", plain and with each instrumentation.

    python -m bench.asgi [--seconds 3] [--rounds 2] [--only plain,andiron]

Needs `wrk`. Each variant is one uvicorn process (httptools, uvloop) on one core; wrk and the Andiron server that takes the spans
have the other. The variants take turns, and the best round of each counts. `null` is Andiron's span, thrown away at its end.
Processor time a request is that of the whole process, threads that deliver included; it says the same on a busy machine.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.server import Server, free_port

VARIANTS = ("plain", "null", "andiron", "otel", "otel-lean", "logfire")


def application(variant: str, endpoint: str, *, measure: bool) -> Any:
    """The application, instrumented."""
    import logfire
    from fastapi import FastAPI
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    app = FastAPI()

    @app.get("/hello")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    if variant == "andiron":
        import andiron

        andiron.configure(service="hello", url=endpoint, token="bench", console="off")
        andiron.bootstrap_logfire(app)
    elif variant == "null":
        from andiron.sdk.asgi import instrument

        class AndironSpanProcessor(SpanProcessor):
            """Named as the pipeline's, so that spans come directly."""

        provider = TracerProvider()
        provider.add_span_processor(AndironSpanProcessor())
        instrument(app, tracer_provider=provider, metrics=measure)
    elif variant.startswith("otel"):
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
        trace.set_tracer_provider(provider)
        FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"] if variant == "otel-lean" else None)
    elif variant == "logfire":
        logfire.configure(
            token="pylf_v1_local_bench", console=False, advanced=logfire.AdvancedOptions(base_url=endpoint)
        )
        logfire.instrument_fastapi(app)
    return app


def serve(variant: str, port: int, endpoint: str, *, measure: bool) -> None:
    """Run in a process of its own."""
    import uvicorn

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    uvicorn.run(application(variant, endpoint, measure=measure), port=port, log_level="error", access_log=False)


def processor_time(process: "subprocess.Popen[bytes]") -> float:
    """Seconds that a process has computed so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port: int, seconds: int, process: "subprocess.Popen[bytes]") -> tuple[float, float, float, float]:
    """Requests a second, milliseconds at the 50th and the 99th percentile, processor time a request in microseconds."""
    before = processor_time(process)
    core = str(max(os.sched_getaffinity(0)))
    command = ["taskset", "-c", core, "wrk", "-t1", "-c16", f"-d{seconds}s", "--latency"]
    text = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/hello"], capture_output=True, check=True, text=True
    ).stdout
    if "Non-2xx" in text:
        raise RuntimeError(text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    total = re.search(r"(\d+) requests in", text)
    assert rate is not None
    assert total is not None
    spent = (processor_time(process) - before) / int(total[1]) * 1e6
    return float(rate[1]), milliseconds("50%", text), milliseconds("99%", text), spent


def milliseconds(percentile: str, text: str) -> float:
    """One line of wrk's latency distribution."""
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", text)
    assert found is not None
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def wait(port: int) -> None:
    """Until it answers."""
    import httpx

    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/hello").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing answers on {port}")


def main() -> None:
    """Start one server a variant, load them in turns, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default=",".join(VARIANTS))
    parser.add_argument("--metrics", action="store_true", help="with http.server.request.duration (null)")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        variant, port, endpoint = arguments.serve
        serve(variant, int(port), endpoint, measure=arguments.metrics)
        return
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed: apt-get install wrk")
    variants = arguments.only.split(",")
    processes: dict[str, subprocess.Popen[bytes]] = {}
    ports = {variant: free_port() for variant in variants}
    figures: dict[str, list[tuple[float, float, float, float]]] = {variant: [] for variant in variants}
    with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place, Server(Path(place) / "data") as server:
        try:
            for variant, port in ports.items():
                command = [sys.executable, "-m", "bench.asgi", *(["--metrics"] if arguments.metrics else [])]
                environment = os.environ | {"ANDIRON_SPOOL": f"{place}/spool", "HOME": place}
                processes[variant] = subprocess.Popen(
                    [*command, "--serve", variant, str(port), f"http://127.0.0.1:{server.port}"], env=environment
                )
                wait(port)
                load(port, 1, processes[variant])
            for _ in range(arguments.rounds):
                for variant in variants:
                    figures[variant].append(load(ports[variant], arguments.seconds, processes[variant]))
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                process.wait(30)
    best = {variant: max(rounds) for variant, rounds in figures.items()}
    plain = best[variants[0]][0]
    for variant, (rate, middle, tail, _) in best.items():
        spent = min(round_[3] for round_ in figures[variant])
        print(
            f"{variant:10} {rate:>7,.0f} requests/s  {rate / plain:4.0%}  p50 {middle:5.2f} ms  p99 {tail:6.2f} ms  "
            f"{spent:4.0f} µs of processor a request"
        )


if __name__ == "__main__":
    main()
