"""The alerts as Grafana provisions them: the value from Prometheus, and the comparison as an expression of Grafana's own."""

from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from scripts.dashboards.alerts import Alert
from scripts.dashboards.board import TAG
from scripts.dashboards.prometheus_rules import annotations
from scripts.dashboards.promql import shaped
from scripts.dashboards.sources import PROMETHEUS

FOLDER = "A service under observation"
"""Where the dashboards are too: `deploy/grafana/providers`."""
EXPRESSIONS = "__expr__"
VALUE, OVER = "A", "B"


def shown_on(alert: Alert, boards: Mapping[str, Dashboard]) -> dict[str, str]:
    """The panel that Grafana links the alert to, by the annotations that Grafana knows for it."""
    uid, title = alert.panel
    (number,) = [
        panel.id_val for panel in boards[uid].panels or [] if isinstance(panel, Panel) and panel.title == title
    ]
    return {"__dashboardUid__": uid, "__panelId__": str(number)}


def rule(alert: Alert, boards: Mapping[str, Dashboard]) -> dict[str, Any]:
    """One rule. No data is well: nothing has failed that could have been counted. An error of the query is an error."""
    window = int(alert.window.total_seconds())
    return {
        "uid": f"{TAG}-{alert.name}",
        "title": alert.title,
        "condition": OVER,
        "data": [
            {
                "refId": VALUE,
                "relativeTimeRange": {"from": window, "to": 0},
                "datasourceUid": PROMETHEUS.uid,
                "model": {"refId": VALUE, "expr": shaped(alert.expression), "instant": True, "range": False},
            },
            {
                "refId": OVER,
                "relativeTimeRange": {"from": window, "to": 0},
                "datasourceUid": EXPRESSIONS,
                "model": {
                    "refId": OVER,
                    "type": "threshold",
                    "datasource": {"type": EXPRESSIONS, "uid": EXPRESSIONS},
                    "expression": VALUE,
                    "conditions": [{"evaluator": {"type": "gt", "params": [alert.threshold]}}],
                },
            },
        ],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": "0s",
        "labels": {"severity": alert.severity},
        "annotations": annotations(alert, f"{{{{ {alert.shown} $values.{VALUE}.Value }}}}") | shown_on(alert, boards),
        "isPaused": False,
    }


def provisioning(alert: Alert, boards: Mapping[str, Dashboard]) -> dict[str, Any]:
    """The whole file of one alert."""
    group = {"orgId": 1, "name": alert.name, "folder": FOLDER, "interval": "30s", "rules": [rule(alert, boards)]}
    return {"apiVersion": 1, "groups": [group]}
