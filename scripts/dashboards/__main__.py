"""Writes deploy/grafana/dashboards, deploy/grafana/alerts and the rules of deploy/prometheus; with --check, names those that are stale."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards import (
    correlation,
    crud_operations,
    errors,
    grafana_rules,
    performance,
    prometheus_rules,
    rule_tests,
    tracing,
)
from scripts.dashboards.alerts import ALERTS

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
HEAD = "# Written by `make dashboards` from scripts/dashboards; a test fails when it is stale.\n"


def boards() -> dict[str, Dashboard]:
    """The five dashboards, by the names of their files."""
    return {
        "crud-operations-overview": crud_operations.dashboard(),
        "performance-analysis": performance.dashboard(),
        "error-analysis": errors.dashboard(),
        "distributed-tracing": tracing.dashboard(),
        "logs-correlation": correlation.dashboard(),
    }


class Dumper(yaml.SafeDumper):
    """Texts of several lines as they are."""


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def in_yaml(value: Any) -> str:
    """A value as a file of settings."""
    return HEAD + yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)


def files() -> dict[Path, str]:
    """Everything that is written, by where."""
    made = boards()
    by_uid = {board.uid or "": board for board in made.values()}
    written = {
        DEPLOY / "grafana" / "dashboards" / f"{name}.json": json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True)
        + "\n"
        for name, board in made.items()
    }
    for alert in ALERTS:
        path = DEPLOY / "grafana" / "alerts" / f"{alert.name}.yaml"
        written[path] = in_yaml(grafana_rules.provisioning(alert, by_uid))
    written[DEPLOY / "prometheus" / "alerts.yaml"] = in_yaml(prometheus_rules.rules())
    written[DEPLOY / "prometheus" / "alerts.test.yaml"] = in_yaml(rule_tests.tests())
    return written


def stale() -> list[Path]:
    """Files that do not say what they should."""
    return [path for path, text in files().items() if not path.exists() or path.read_text() != text]


def main() -> int:
    """Write, or check."""
    if "--check" in sys.argv[1:]:
        for path in (found := stale()):
            print(f"stale: {path.relative_to(DEPLOY.parent)}")
        return bool(found)
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
