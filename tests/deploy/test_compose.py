"""The compose files without a container engine: their schema, and that every name in them is one of something that is there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from andiron.sdk.operations import names, settings
from andiron.sdk.settings import SdkSettings, variables
from tests.deploy.stack import DEPLOY, FULL, SMALL, STACKS, Service, Stack, load

pytestmark = pytest.mark.requirement("OB-12")

SERVICES = [
    pytest.param(service, id=f"{stack.path.stem}-{name}")
    for stack in STACKS
    for name, service in stack.services.items()
]
PINNED = re.compile(r"[\w./-]+:v?\d+(\.\d+)*(-[a-z0-9.]+)*")
DATASOURCES = (DEPLOY / "grafana/datasources/datasources.yaml", DEPLOY / "grafana/datasources-andiron/datasources.yaml")


@pytest.fixture(params=STACKS, ids=lambda stack: stack.path.name)
def stack(request: pytest.FixtureRequest) -> Stack:
    found: Stack = request.param
    return found


def test_the_schema_of_the_compose_specification_takes_them() -> None:
    files = sorted(DEPLOY.rglob("*.compose.yaml"))
    assert len(files) == 3
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *map(str, files)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_is_there_and_may_not_be_written(service: Service) -> None:
    for mount in service.mounts:
        if mount.bound:
            assert mount.path.exists(), f"{mount.source} of {service.name} is not in the repository"
            assert mount.mode == "ro"


def test_every_volume_is_declared_and_used(stack: Stack) -> None:
    used = {mount.source for service in stack.services.values() for mount in service.mounts if not mount.bound}
    assert used == set(stack.given["volumes"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_has_its_version(service: Service) -> None:
    assert service.images
    for image in service.images:
        assert PINNED.fullmatch(image), f"{image} of {service.name} names no version"


def test_what_waits_waits_for_something_that_can_be_well(stack: Stack) -> None:
    for service in stack.services.values():
        for name, how in service.given.get("depends_on", {}).items():
            other = stack.services[name]
            assert other.healthcheck or how["condition"] == "service_started", (
                f"{service.name} waits for {name} forever"
            )
            assert set(other.given.get("profiles", [])) <= set(service.given.get("profiles", []))


@pytest.mark.parametrize("service", SERVICES)
def test_only_this_machine_reaches_it(service: Service) -> None:
    for port in service.published:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), f"{service.name} publishes {port}"


@pytest.mark.parametrize("service", SERVICES)
def test_it_has_limits_and_stays_up(service: Service) -> None:
    assert service.given["mem_limit"]
    once = "load" in service.name or service.name == "token"
    assert service.given["restart"] == ("no" if once else "unless-stopped")
    if not once:
        assert service.healthcheck, f"nothing tells whether {service.name} is well"
        assert service.given["logging"]["options"]["max-size"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_has_a_default(service: Service) -> None:
    for name, value in service.environment.items():
        if re.search(r"PASSWORD|TOKEN|SECRET|://.*:.*@", f"{name}={value}"):
            assert re.search(r"\$\{\w+:\?", value), f"{name} of {service.name} is not asked for"
    if "grafana/grafana" in "".join(service.images):
        # Grafana's own default is admin with the password admin.
        disabled = service.environment.get("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION") == "true"
        assert disabled or "GF_SECURITY_ADMIN_PASSWORD" in service.environment
        assert service.environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_what_the_application_is_told_are_settings(stack: Stack) -> None:
    ours = {variable for name in settings.ObservabilitySettings.model_fields for variable in settings.variables(name)}
    known = ours | {variable for name in SdkSettings.model_fields for variable in variables(name)}
    told = stack.services["control-center"].environment
    for variable in told:
        assert variable in known or variable.startswith("CONTROL_CENTER_"), f"{variable} is no setting"
    read = settings.ObservabilitySettings.read(told)
    assert read.service_name == "control-center"
    # Andiron takes deltas; Prometheus, behind the Collector, does not.
    assert read.temporality == ("cumulative" if stack is FULL else "delta")
    # Tempo keeps a span that still runs beside the ended one.
    assert (told.get("ANDIRON_PENDING_AFTER") == "0") == (stack is FULL)


def test_prometheus_starts_with_what_the_stack_needs() -> None:
    command = FULL.services["prometheus"].given["command"]
    assert "--enable-feature=exemplar-storage" in command
    assert "--web.enable-remote-write-receiver" in command, "Tempo could not write the service graph"
    config = next(line.partition("=")[2] for line in command if line.startswith("--config.file="))
    path = FULL.services["prometheus"].mounted(config)
    assert path == DEPLOY / "prometheus/prometheus.yml"
    for rules in load(path)["rule_files"]:
        assert (path.parent / rules).exists()


def uids() -> Iterator[str]:
    """Of every data source that a dashboard asks."""
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        yield from re.findall(r'"datasource":\s*\{[^}]*"uid":\s*"([^"]+)"', path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", DATASOURCES, ids=lambda path: path.parent.name)
def test_the_data_sources_are_those_of_the_dashboards(path: Path) -> None:
    given = load(path)
    assert given["apiVersion"] == 1
    sources = {source["uid"]: source for source in given["datasources"]}
    assert set(sources) == {"prometheus", "tempo", "loki"}
    assert [source["uid"] for source in sources.values() if source.get("isDefault")] == ["prometheus"]
    for uid, source in sources.items():
        assert source["type"] == uid
        assert source["access"] == "proxy"
    # Those that begin with `-` are Grafana's own; `$` is chosen on the dashboard.
    asked = {uid for uid in uids() if not uid.startswith(("-", "$", "grafana"))}
    assert asked <= set(sources)


def test_the_data_sources_lead_to_one_another() -> None:
    sources = {source["uid"]: source["jsonData"] for source in load(DATASOURCES[0])["datasources"]}
    (exemplars,) = sources["prometheus"]["exemplarTraceIdDestinations"]
    assert exemplars == {"name": "trace_id", "datasourceUid": "tempo"}
    assert sources["tempo"]["serviceMap"]["datasourceUid"] == "prometheus"
    assert sources["tempo"]["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert sources["tempo"]["tracesToMetrics"]["datasourceUid"] == "prometheus"
    assert [field["datasourceUid"] for field in sources["loki"]["derivedFields"]] == ["tempo"]
    interval = load(DEPLOY / "prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert sources["prometheus"]["timeInterval"] == interval
    # Grafana reads $NAME and ${NAME} as variables of its environment: what it is to see itself has two.
    assert not re.search(r"(?<!\$)\$(?!\$)", json.dumps(sources))


def test_queries_of_the_data_sources_ask_for_what_is_measured() -> None:
    (metrics,) = (source["jsonData"] for source in load(DATASOURCES[0])["datasources"] if source["uid"] == "tempo")
    links = metrics["tracesToMetrics"]
    asked = {name for query in links["queries"] for name in re.findall(r"\w+(?=\{)", query["query"])}
    assert asked == {names.OPERATION_COUNT.prometheus, names.OPERATION_DURATION.bucket}
    mapped = {tag["key"]: tag["value"] for tag in links["tags"]}
    assert mapped == {"service.name": "job", names.OPERATION: names.label(names.OPERATION)}


def test_grafana_finds_the_dashboards_where_they_are(stack: Stack) -> None:
    grafana = stack.services["grafana"]
    (provider,) = load(grafana.mounted("/etc/grafana/provisioning/dashboards/dashboards.yaml"))["providers"]
    assert grafana.mounted(provider["options"]["path"]) == DEPLOY / "grafana/dashboards"
    expected = DATASOURCES[0] if stack is FULL else DATASOURCES[1]
    assert grafana.mounted("/etc/grafana/provisioning/datasources/datasources.yaml") == expected


def test_grafana_of_the_full_stack_has_the_alerts() -> None:
    folder = FULL.services["grafana"].mounted("/etc/grafana/provisioning/alerting")
    files = sorted(folder.glob("*.yaml"))
    assert [path.name for path in files] == [
        "circular-dependency.yaml",
        "database-connection.yaml",
        "high-error-rate.yaml",
        "otlp-export-failures.yaml",
        "slow-operations.yaml",
    ]
    assert all(load(path)["apiVersion"] == 1 for path in files)


def test_grafana_is_left_out_of_the_small_stack_until_asked_for() -> None:
    assert SMALL.services["grafana"].given["profiles"] == ["grafana"]
    running = [name for name, service in SMALL.services.items() if not service.given.get("profiles")]
    assert running == ["control-center", "andiron"]


def test_the_readme_counts_what_runs() -> None:
    text = (DEPLOY / "compose/README.md").read_text(encoding="utf-8")
    running = [
        [service for service in stack.services.values() if not service.given.get("profiles")] for stack in STACKS
    ]
    assert f"| containers | {' | '.join(str(len(services)) for services in running)} |" in text
    units = {"m": 1 / 1024, "g": 1}
    most = [
        sum(float(limit[:-1]) * units[limit[-1]] for limit in (service.given["mem_limit"] for service in services))
        for services in running
    ]
    assert f"| memory, at most | {' | '.join(f'{gigabytes:g} GB' for gigabytes in most)} |" in text


def test_the_readme_tells_the_commands_of_the_files() -> None:
    text = (DEPLOY / "compose/README.md").read_text(encoding="utf-8")
    for stack in STACKS:
        head = stack.path.read_text(encoding="utf-8").partition("\nname:")[0]
        commands = [
            line.removeprefix("#   ").partition("  #")[0].rstrip()
            for line in head.splitlines()
            if line.startswith("#   ")
        ]
        assert commands
        places = [text.index(command) for command in commands if command != "cd deploy/compose"]
        assert all(earlier < later for earlier, later in pairwise(places))
