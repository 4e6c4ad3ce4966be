"""The alerts as Prometheus reads them."""

from typing import Any

from scripts.dashboards.alerts import ALERTS, Alert
from scripts.dashboards.promql import shaped


def summary(alert: Alert, value: str) -> str:
    """What happened, with the value in its place."""
    return alert.summary.replace("{value}", value)


def annotations(alert: Alert, value: str) -> dict[str, str]:
    """What happened, what to do, and where more is written."""
    return {"summary": summary(alert, value), "description": alert.advice, "runbook": alert.runbook}


def rule(alert: Alert) -> dict[str, Any]:
    """One rule. The window is in the expression, so nothing has to hold for longer before it fires."""
    return {
        "alert": alert.title,
        "expr": shaped(f"{alert.expression} > {alert.threshold:g}"),
        "labels": {"severity": alert.severity},
        "annotations": annotations(alert, f"{{{{ $value | {alert.shown} }}}}"),
    }


def rules() -> dict[str, Any]:
    """The whole file."""
    return {"groups": [{"name": "operations", "rules": [rule(alert) for alert in ALERTS]}]}
