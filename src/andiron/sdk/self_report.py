"""The pipeline's own counters as metrics, so that an operator sees of every application what was sent and what was lost."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from andiron.delivery.pipeline import Pipeline
from andiron.sdk.operations.names import EXPORT_FAILURES

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

COUNTED = ("taken", "spooled", "sent", "rejected", "set_aside")
"""Ends of a record that are counted once, in the words of `report`."""


class SelfReport:
    """Observed whenever metrics are collected: `andiron.client.*`."""

    def __init__(self, pipeline: Pipeline, meter: "Meter | None" = None) -> None:
        from opentelemetry import metrics

        self._pipeline = pipeline
        meter = meter or metrics.get_meter("andiron.client")
        meter.create_observable_counter(
            "andiron.client.records", [self._records], "{record}", "Records of this process, by what became of them."
        )
        meter.create_observable_counter(
            "andiron.client.dropped", [self._dropped], "{record}", "Records that are lost, by reason and level."
        )
        meter.create_observable_counter("andiron.client.retries", [self._retries], "{request}", "Requests sent again.")
        meter.create_observable_counter(
            EXPORT_FAILURES.name, [self._failures], EXPORT_FAILURES.unit, EXPORT_FAILURES.description
        )
        meter.create_observable_counter(
            "andiron.client.errors",
            [self._errors],
            "{error}",
            "Errors within the pipeline that the application never saw.",
        )
        meter.create_observable_gauge("andiron.client.queued", [self._queued], "{record}", "Records in memory.")
        meter.create_observable_gauge("andiron.client.spool", [self._spool], "By", "Bytes that wait in the spool.")

    def _records(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        report = self._pipeline.report()
        return [Observation(report[name], {"outcome": name}) for name in COUNTED]

    def _dropped(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        dropped = self._pipeline.report()["dropped"]
        return [
            Observation(count, {"reason": reason, "level": level})
            for reason, levels in dropped.items()
            for level, count in levels.items()
        ]

    def _retries(self, _: "CallbackOptions") -> "Iterable[Observation]":
        return self._one("retries")

    def _failures(self, _: "CallbackOptions") -> "Iterable[Observation]":
        return self._one("failures")

    def _errors(self, _: "CallbackOptions") -> "Iterable[Observation]":
        return self._one("errors")

    def _queued(self, _: "CallbackOptions") -> "Iterable[Observation]":
        return self._one("queued")

    def _spool(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        return [Observation(self._pipeline.report()["spool"]["bytes"])]

    def _one(self, name: str) -> "list[Any]":
        from opentelemetry.metrics import Observation

        return [Observation(self._pipeline.report()[name])]
