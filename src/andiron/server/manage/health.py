"""`/pages/api/health`: whether the server keeps up, from its own metrics, the journal, the quarantine and the disk."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from prometheus_client import Histogram
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron import __version__
from andiron.errors import StoreError
from andiron.server.control.models import Scope
from andiron.server.ingest.journal import Journal
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.ingest.signals import SIGNALS
from andiron.server.manage.moments import written
from andiron.server.manage.quarantine import visible
from andiron.server.manage.storage import here
from andiron.server.observe import Instruments
from andiron.server.query.desk import Desk, Grant
from andiron.server.store.engine import Engine
from andiron.server.store.parts import Parts
from andiron.server.store.retention import TABLES


class HealthApi:
    """The route, on `desk`. Counters are the whole server's, since its start; what was received last and the quarantine are one's own."""

    def __init__(
        self,
        desk: Desk,
        engine: Engine,
        journal: Journal,
        quarantine: Quarantine,
        instruments: Instruments,
        reasons: Callable[[], Awaitable[Sequence[str]]],
        operator: Callable[[HTTPConnection], bool],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._parts = Parts(engine)
        self._journal = journal
        self._quarantine = quarantine
        self._instruments = instruments
        self._reasons = reasons
        self._operator = operator
        self._monotonic = monotonic
        self._started = monotonic()

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [self._desk.route("/pages/api/health", self._health)]

    async def _health(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        operator = self._operator(request)
        reasons = list(await self._reasons())
        found = await self._desk.run(partial(self._found, grant, operator=operator))
        return JSONResponse({"status": "not ready" if reasons else "ready", "reasons": reasons, **found})

    def _found(self, grant: Grant, *, operator: bool) -> dict[str, Any]:
        instruments = self._instruments
        refused = visible(self._quarantine.all(), grant.database, operator=operator)
        newest: dict[str, int] = {}
        with suppress(StoreError):  # a store that is away is the reason that was given above
            newest = dict(self._parts.newest(grant.database))
        free = here(self._desk.settings)
        return {
            "version": __version__,
            "uptime": self._monotonic() - self._started,
            "memory": instruments.registry.get_sample_value("process_resident_memory_bytes"),
            "signals": [
                {
                    "signal": signal.name,
                    "accepted": self._count("andiron_ingest_acknowledged_records_total", signal=signal.name),
                    "loaded": self._count("andiron_loaded_records_total", signal=signal.name),
                    "refused": self._count("andiron_ingest_rejected_records_total", signal=signal.name),
                    "quarantined": self._count("andiron_quarantined_records_total", signal=signal.name),
                    "last_received": written(
                        max((newest[name] for name in TABLES[signal.name] if name in newest), default=None)
                    ),
                }
                for signal in SIGNALS
            ],
            "journal": {
                "bytes": self._journal.backlog,
                "segments": self._journal.segments,
                "limit": self._desk.settings.max_backlog,
            },
            "load": load(instruments.load_seconds),
            "queries": self._queries(),
            "disk": {"free": free["free"], "total": free["total"]},
            "quarantine": {"entries": len(refused), "bytes": sum(entry.bytes for entry in refused)},
        }

    def _count(self, name: str, **labels: str) -> int:
        return int(self._instruments.registry.get_sample_value(name, labels) or 0)

    def _queries(self) -> dict[str, int]:
        """Those that were answered, and those that were not; who left does not count."""
        counts = {
            sample.labels["outcome"]: int(sample.value)
            for family in self._instruments.query_seconds.collect()
            for sample in family.samples
            if sample.name.endswith("_count")
        }
        failed = sum(count for outcome, count in counts.items() if outcome not in {"ok", "client-left"})
        return {"ok": counts.get("ok", 0), "failed": failed}


def load(seconds: Histogram) -> dict[str, float] | None:
    """How long an insert takes: half of them, and all but one in a hundred; None before the first."""
    bounds = [
        (float(sample.labels["le"]), sample.value)
        for family in seconds.collect()
        for sample in family.samples
        if sample.name.endswith("_bucket")
    ]
    if not bounds or not bounds[-1][1]:
        return None
    return {"p50": quantile(bounds, 0.5), "p99": quantile(bounds, 0.99)}


def quantile(bounds: Sequence[tuple[float, float]], share: float) -> float:
    """The time that `share` of the values stay under, evenly spread within its bucket, as Prometheus reckons."""
    wanted = share * bounds[-1][1]
    lower, below = 0.0, 0.0
    for upper, count in bounds:
        if count >= wanted:
            return lower if upper == float("inf") else lower + (upper - lower) * (wanted - below) / (count - below)
        lower, below = upper, count
    return lower
