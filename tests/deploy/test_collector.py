"""The Collector's configuration, and that each hop of the data path ends where the next one listens, in the full stack and in the small one."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from andiron.sdk.operations import names
from tests.deploy.stack import COMPOSE, DEPLOY, FULL, SMALL, load
from tests.prometheus import said

pytestmark = pytest.mark.requirement("OB-12")

CONFIG: dict[str, Any] = load(COMPOSE / "otel-collector-config.yaml")
KINDS = ("receivers", "processors", "exporters")
DOCUMENTED = {
    ("receivers", "otlp"): {"protocols"},
    ("processors", "memory_limiter"): {"check_interval", "limit_mib", "spike_limit_mib", "limit_percentage"},
    ("processors", "filter"): {"error_mode", "metrics"},
    ("processors", "batch"): {"timeout", "send_batch_size", "send_batch_max_size"},
    ("exporters", "prometheus"): {
        "endpoint",
        "enable_open_metrics",
        "metric_expiration",
        "send_timestamps",
        "const_labels",
    },
    ("exporters", "otlp_grpc"): {"endpoint", "tls", "retry_on_failure", "sending_queue", "compression", "headers"},
    ("exporters", "otlp_http"): {"endpoint", "tls", "retry_on_failure", "sending_queue", "compression", "headers"},
    ("extensions", "health_check"): {"endpoint", "path"},
}
"""Components of the contrib distribution, by the names of 0.144 and later, with keys that their documentation has."""


def kind(name: str) -> str:
    """Of `otlp_grpc/tempo`, `otlp_grpc`."""
    return name.partition("/")[0]


def port(address: str) -> int:
    """Of `host:port` or of a URL."""
    return urlsplit(address if "://" in address else f"//{address}").port or 0


def host(address: str) -> str:
    return urlsplit(address if "://" in address else f"//{address}").hostname or ""


def listens() -> dict[str, set[int]]:
    """The ports that each service of the full stack listens on, by its own configuration."""
    tempo, loki = load(COMPOSE / "tempo.yaml"), load(COMPOSE / "loki.yaml")
    (reader,) = CONFIG["service"]["telemetry"]["metrics"]["readers"]
    protocols = CONFIG["receivers"]["otlp"]["protocols"]
    return {
        "otel-collector": {
            *(port(protocol["endpoint"]) for protocol in protocols.values()),
            port(CONFIG["exporters"]["prometheus"]["endpoint"]),
            port(CONFIG["extensions"]["health_check"]["endpoint"]),
            reader["pull"]["exporter"]["prometheus"]["port"],
        },
        "tempo": {
            tempo["server"]["http_listen_port"],
            port(tempo["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]),
        },
        "loki": {loki["server"]["http_listen_port"]},
        # These three are told nothing else than their defaults.
        "prometheus": {9090},
        "grafana": {3000},
        "postgres": {5432},
        "control-center": {8000},
    }


@pytest.mark.parametrize("section", [*KINDS, "extensions"])
def test_every_component_is_one_and_is_told_what_it_knows(section: str) -> None:
    for name, given in CONFIG[section].items():
        assert set(given or {}) <= DOCUMENTED[section, kind(name)], f"{section}: {name}"


@pytest.mark.parametrize("section", KINDS)
def test_what_is_declared_is_used_and_what_is_used_is_declared(section: str) -> None:
    used = {name for pipeline in CONFIG["service"]["pipelines"].values() for name in pipeline[section]}
    assert used == set(CONFIG[section])


def test_extensions_are_switched_on() -> None:
    assert set(CONFIG["service"]["extensions"]) == set(CONFIG["extensions"])


def test_each_signal_has_its_pipeline_and_its_end() -> None:
    pipelines = CONFIG["service"]["pipelines"]
    ends = {signal: pipeline["exporters"] for signal, pipeline in pipelines.items()}
    assert ends == {"traces": ["otlp_grpc/tempo"], "metrics": ["prometheus"], "logs": ["otlp_http/loki"]}
    for pipeline in pipelines.values():
        # The order of the documentation: refuse before anything is held, and drop before it is put into batches.
        first, *_, last = pipeline["processors"]
        assert (first, last) == ("memory_limiter", "batch")


def test_the_collector_refuses_before_its_container_is_full() -> None:
    limit = FULL.services["otel-collector"].given["mem_limit"]
    assert CONFIG["processors"]["memory_limiter"]["limit_mib"] < int(limit.removesuffix("m"))


def test_the_version_knows_the_names_of_the_exporters() -> None:
    image = next(image for image in FULL.services["otel-collector"].images if "collector" in image)
    assert tuple(map(int, image.rpartition(":")[2].split("."))) >= (0, 144)


def test_exemplars_and_the_name_of_the_service_pass() -> None:
    assert CONFIG["exporters"]["prometheus"]["enable_open_metrics"]
    jobs = {job["job_name"]: job for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]}
    assert jobs["otel-collector"]["honor_labels"], "`job` would be the Collector"


def test_from_the_application_to_the_collector() -> None:
    endpoint = FULL.services["control-center"].environment["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert host(endpoint) == "otel-collector"
    assert port(endpoint) == port(CONFIG["receivers"]["otlp"]["protocols"]["http"]["endpoint"])


def test_from_the_collector_to_tempo_and_loki() -> None:
    exporters = CONFIG["exporters"]
    tempo, loki = exporters["otlp_grpc/tempo"]["endpoint"], exporters["otlp_http/loki"]["endpoint"]
    receiver = load(COMPOSE / "tempo.yaml")["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]
    assert (host(tempo), port(tempo)) == ("tempo", port(receiver))
    assert (host(loki), port(loki)) == ("loki", load(COMPOSE / "loki.yaml")["server"]["http_listen_port"])
    assert urlsplit(loki).path == "/otlp"


def test_from_prometheus_to_all_that_it_scrapes() -> None:
    jobs = load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert targets["otel-collector"] == [f"otel-collector:{port(CONFIG['exporters']['prometheus']['endpoint'])}"]
    for name, (target,) in targets.items():
        service = "prometheus" if host(target) == "localhost" else host(target)
        assert port(target) in listens()[service], f"{name}: nothing listens on {target}"


@pytest.mark.parametrize("measure", names.MEASURES, ids=lambda measure: measure.name)
def test_each_metric_takes_one_way(measure: names.Measure) -> None:
    (condition,) = CONFIG["processors"]["filter/delivery"]["metrics"]["metric"]
    (dropped,) = re.findall(r'IsMatch\(name, "(.+)"\)', condition)
    jobs = {job["job_name"]: job for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]}
    (kept,) = jobs["control-center"]["metric_relabel_configs"]
    assert (kept["source_labels"], kept["action"]) == (["__name__"], "keep")
    collected = not re.search(dropped, measure.name)
    scraped = bool(re.fullmatch(kept["regex"], measure.prometheus))
    assert collected != scraped, f"{measure.name} would be counted {'twice' if collected else 'never'}"
    # While nothing can be delivered, nothing but a scrape tells.
    assert scraped == (measure is names.EXPORT_FAILURES)


def test_from_tempo_to_prometheus() -> None:
    generator = load(COMPOSE / "tempo.yaml")["metrics_generator"]["storage"]
    (remote,) = generator["remote_write"]
    assert (host(remote["url"]), port(remote["url"])) == ("prometheus", 9090)
    processors = load(COMPOSE / "tempo.yaml")["overrides"]["defaults"]["metrics_generator"]["processors"]
    assert processors == ["service-graphs"]


@pytest.mark.parametrize("service", ["tempo", "loki"])
def test_what_is_written_is_written_to_the_volume(service: str) -> None:
    (volume,) = (mount.target for mount in FULL.services[service].mounts if not mount.bound)
    written = re.findall(r"(?:path|path_prefix|_directory): (/\S+)", (COMPOSE / f"{service}.yaml").read_text("utf-8"))
    assert written
    assert all(path == volume or path.startswith(f"{volume}/") for path in (each.rstrip("}, ") for each in written))


def test_from_grafana_to_all_that_it_asks() -> None:
    for source in load(DEPLOY / "grafana/datasources/datasources.yaml")["datasources"]:
        assert port(source["url"]) in listens()[host(source["url"])], source["name"]


@pytest.mark.parametrize("name", sorted(FULL.services))
def test_health_is_asked_where_somebody_listens(name: str) -> None:
    for address in re.findall(r"http://\S+", " ".join(FULL.services[name].healthcheck)):
        assert host(address) == "127.0.0.1"
        assert port(address.rstrip("'\")")) in listens()[name]


def test_what_is_published_is_listened_to() -> None:
    for name, service in FULL.services.items():
        for published in service.published:
            assert int(published.rpartition(":")[2]) in listens()[name]


def test_in_the_small_stack_the_application_sends_to_andiron() -> None:
    told = SMALL.services["control-center"].environment
    server = SMALL.services["andiron"]
    (listening,) = re.findall(r"ANDIRON_HTTP=\S+:(\d+)", server.dockerfile)
    assert (host(told["ANDIRON_URL"]), port(told["ANDIRON_URL"])) == ("andiron", int(listening))
    assert f"127.0.0.1:{listening}:{listening}" in server.published
    for source in load(DEPLOY / "grafana/datasources-andiron/datasources.yaml")["datasources"]:
        assert source["url"] == told["ANDIRON_URL"]


def test_the_token_is_made_where_the_server_reads_it() -> None:
    token, server = SMALL.services["token"], SMALL.services["andiron"]
    assert token.mounts == server.mounts
    assert token.dockerfile == server.dockerfile


def test_promtool_takes_the_configuration_of_prometheus() -> None:
    assert "SUCCESS" in said("check", "config", "prometheus.yml", folder=DEPLOY / "prometheus")
