"""docs/observability-setup.md: its table is fresh, each alert has its section, and what it tells about files is so."""

import re

import pytest

from andiron.sdk.operations import ObservabilitySettings
from scripts.dashboards.alerts import ALERTS
from scripts.setup_guide import GUIDE, page
from tests.deploy.stack import DEPLOY, FULL, ROOT, load

pytestmark = pytest.mark.requirement("OB-13")

TEXT = GUIDE.read_text(encoding="utf-8")


def slug(heading: str) -> str:
    """The anchor that a heading has on a page of Markdown."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_its_table_is_fresh() -> None:
    assert page() == TEXT, "docs/observability-setup.md is stale: make docs"
    assert TEXT.count("\n| `OBSERVABILITY_") == len(ObservabilitySettings.model_fields)


@pytest.mark.requirement("OB-11")
def test_each_alert_has_its_section() -> None:
    anchors = [slug(heading) for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)]
    for alert in ALERTS:
        path, _, anchor = alert.runbook.partition("#")
        assert ROOT / path == GUIDE
        assert anchors.count(anchor) == 1, f"{alert.title} leads to no section"


def test_its_commands_are_those_of_the_stack() -> None:
    head = FULL.path.read_text(encoding="utf-8").partition("\nname:")[0]
    commands = re.findall(r"^#   (\S.*)$", head, re.MULTILINE)
    assert len(commands) == 4
    assert all(command in TEXT for command in commands)


def test_its_data_path_is_that_of_the_files() -> None:
    section = TEXT.partition("## With the full Grafana stack")[2].partition("\n## ")[0]
    told = set(re.findall(r"`([\w-]+:\d+)(?:/\w+)?`", section))
    scraped = {
        target
        for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
        for target in job["static_configs"][0]["targets"]
    }
    assert {address for address in told if address.startswith("control-center")} <= scraped
    exporters = load(DEPLOY / "compose/otel-collector-config.yaml")["exporters"]
    assert exporters["otlp_grpc/tempo"]["endpoint"] in told
    assert exporters["otlp_http/loki"]["endpoint"].removeprefix("http://").partition("/")[0] in told
    assert f"otel-collector:{exporters['prometheus']['endpoint'].rpartition(':')[2]}" in told & scraped


def test_its_version_of_the_collector_is_that_of_the_stack() -> None:
    (image,) = (image for image in FULL.services["otel-collector"].images if "collector" in image)
    assert f"otelcol-contrib_{image.rpartition(':')[2]}_linux" in TEXT
