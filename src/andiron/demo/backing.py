"""What every service leans on: the database, the cache and calls to other services, as spans of whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Status

from andiron.demo.failures import Failure
from andiron.demo.otlp import Service
from andiron.demo.scene import CLIENT, LEVELS, SERVER, Doing, Scene

POSTGRES = {"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "pg-1", "server.port": 5432}
REDIS = {"db.system.name": "redis", "db.namespace": "0", "server.address": "redis-1", "server.port": 6379}


def query(scene: Scene, service: Service, text: str, took: tuple[float, float] = (0.6, 6), rows: int = 1) -> None:
    """Ask the database."""
    operation = text.split(maxsplit=1)[0]
    table = next((word for word in ("order_items", "orders", "items", "stock", "customers") if word in text), "shop")
    values = {**POSTGRES, "db.operation.name": operation, "db.collection.name": table, "db.query.text": text}
    with scene.span(service, f"{operation} {table}", values, kind=CLIENT, scope="sqlalchemy") as asked:
        scene.takes(*took)
        asked["db.response.returned_rows"] = rows


def cached(scene: Scene, service: Service, key: str, hits: float = 0.8) -> bool:
    """Look into the cache; whether it is there."""
    values = {**REDIS, "db.operation.name": "GET", "db.query.text": f"GET {key}"}
    with scene.span(service, "GET", values, kind=CLIENT, scope="redis") as asked:
        scene.takes(0.15, 0.8)
        hit = scene.likely(hits)
        asked["cache.hit"] = hit
    return hit


def keep(scene: Scene, service: Service, key: str) -> None:
    """Put something into the cache."""
    values = {**REDIS, "db.operation.name": "SETEX", "db.query.text": f"SETEX {key} 300 ?"}
    with scene.span(service, "SETEX", values, kind=CLIENT, scope="redis"):
        scene.takes(0.15, 0.7)


@contextmanager
def handled(
    scene: Scene, service: Service, method: str, route: str, path: str, host: str, **values: Any
) -> Iterator[Doing]:
    """A request that a service answers: failures end here, as an answer."""
    known = {
        "http.request.method": method,
        "http.route": route,
        "url.path": path.partition("?")[0],
        "url.query": path.partition("?")[2] or None,
        "url.full": f"https://{host}{path}",
        "server.address": host,
        **values,
    }
    with scene.span(service, f"{method} {route}", known, kind=SERVER, message=f"{method} {path}") as request:
        try:
            yield request
        except Failure as failure:
            if failure.status >= 500:
                scene.failed(request, failure)
            answered(scene, request, failure.status)


@contextmanager
def called(scene: Scene, service: Service, method: str, url: str) -> Iterator[Doing]:
    """A request that a service makes."""
    host, _, _path = url.removeprefix("https://").removeprefix("http://").partition("/")
    values = {
        "http.request.method": method,
        "url.full": url,
        "server.address": host.partition(":")[0],
        "server.port": int(host.partition(":")[2] or (443 if url.startswith("https") else 80)),
    }
    with scene.span(service, method, values, kind=CLIENT, scope="http.client") as call:
        scene.takes(0.2, 1.2)
        yield call
        scene.takes(0.1, 0.6)


def answered(scene: Scene, request: Doing, status: int) -> int:
    """The status of an answer, and what it says about the request."""
    request["http.response.status_code"] = status
    if status >= 500:
        request.span.status.code = Status.STATUS_CODE_ERROR
        request.level = LEVELS["error"]
    elif status >= 400 and request.span.kind == SERVER:
        request.level = max(request.level, LEVELS["warn"])
    scene.takes(0.1, 0.8)
    return status


def status_of(request: Doing) -> int:
    """The status that a request was answered with."""
    return int(request.values["http.response.status_code"])
