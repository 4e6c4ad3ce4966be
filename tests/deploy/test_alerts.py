"""The five alerts, in both forms: fresh, alike, asking for what there is, and firing when they should: `promtool` runs the rules."""

import re
from typing import Any

import pytest

from scripts.dashboards.__main__ import stale
from scripts.dashboards.alerts import ALERTS, Alert
from scripts.dashboards.promql import shaped
from scripts.dashboards.rule_tests import CASES
from tests import prometheus
from tests.deploy.dashboards import BOARDS
from tests.deploy.promql import unknown
from tests.deploy.stack import DEPLOY, ROOT, load

pytestmark = pytest.mark.requirement("OB-11")

RULES = {rule["alert"]: rule for group in load(DEPLOY / "prometheus/alerts.yaml")["groups"] for rule in group["rules"]}
FILES = {path.stem: load(path) for path in sorted((DEPLOY / "grafana/alerts").glob("*.yaml"))}
PROMISED = {
    "high-error-rate": ("5m", 0.05),
    "slow-operations": ("10m", 1),
    "circular-dependency": ("1m", 0),
    "database-connection": ("2m", 5),
    "otlp-export-failures": ("5m", 10),
}

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def in_grafana(alert: Alert) -> dict[str, Any]:
    """Its rule there."""
    (group,) = FILES[alert.name]["groups"]
    (rule,) = group["rules"]
    assert isinstance(rule, dict)
    return rule


def test_the_files_are_fresh() -> None:
    assert stale() == [], "run make dashboards"


def test_there_are_the_five_that_were_promised() -> None:
    assert FILES.keys() == PROMISED.keys()
    assert [alert.name for alert in ALERTS] == list(PROMISED)
    assert RULES.keys() == {alert.title for alert in ALERTS}


@each_alert
def test_it_compares_what_was_promised(alert: Alert) -> None:
    window, threshold = PROMISED[alert.name]
    assert f"[{window}]" in alert.expression
    assert RULES[alert.title]["expr"] == shaped(f"{alert.expression} > {threshold}")
    asked, over = in_grafana(alert)["data"]
    assert asked["model"]["expr"] == shaped(alert.expression)
    assert over["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [threshold]}}]
    assert in_grafana(alert)["condition"] == over["refId"]
    assert over["model"]["expression"] == asked["refId"]


@each_alert
def test_it_asks_for_what_there_is(alert: Alert) -> None:
    assert unknown(alert.expression) == []
    labels = set(re.findall(r"\$labels\.(\w+)", alert.summary))
    by = re.search(r"by \(([\w, ]+)\)", alert.expression)
    assert by
    assert labels <= set(by[1].split(", ")), "a label that the expression does not keep would be written as nothing"


@each_alert
def test_both_forms_say_the_same(alert: Alert) -> None:
    ours, theirs = RULES[alert.title], in_grafana(alert)
    assert theirs["title"] == ours["alert"]
    assert theirs["labels"] == ours["labels"] == {"severity": alert.severity}
    assert {key: text for key, text in theirs["annotations"].items() if key in {"description", "runbook"}} == {
        key: text for key, text in ours["annotations"].items() if key != "summary"
    }
    value = re.compile(r"\{\{ (?:\$value \| \w+|\w+ \$values\.A\.Value) \}\}")
    assert value.sub("VALUE", theirs["annotations"]["summary"]) == value.sub("VALUE", ours["annotations"]["summary"])


@each_alert
def test_it_is_quiet_where_nothing_was_counted(alert: Alert) -> None:
    rule = in_grafana(alert)
    assert (rule["noDataState"], rule["execErrState"], rule["isPaused"]) == ("OK", "Error", False)


@each_alert
def test_it_leads_to_the_panel_that_shows_it(alert: Alert) -> None:
    annotations = in_grafana(alert)["annotations"]
    (board,) = [board for board in BOARDS.values() if board["uid"] == annotations["__dashboardUid__"]]
    (panel,) = [panel for panel in board["panels"] if str(panel["id"]) == annotations["__panelId__"]]
    assert (board["uid"], panel["title"]) == alert.panel


@each_alert
def test_the_guide_says_more(alert: Alert) -> None:
    page, _, anchor = alert.runbook.partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_uids_are_given_once() -> None:
    uids = [in_grafana(alert)["uid"] for alert in ALERTS]
    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= 40 for uid in uids)


def test_promtool_takes_the_rules() -> None:
    said = prometheus.said("check", "rules", "alerts.yaml", folder=DEPLOY / "prometheus")
    assert f"{len(ALERTS)} rules found" in said


@each_alert
def test_each_has_cases_in_which_it_fires_and_in_which_it_does_not(alert: Alert) -> None:
    fires = {case.fired is not None for case in CASES if case.alert is alert}
    assert fires == {True, False}


def test_promtool_sees_them_fire_and_stay_quiet() -> None:
    assert "SUCCESS" in prometheus.said("test", "rules", "alerts.test.yaml", folder=DEPLOY / "prometheus")
