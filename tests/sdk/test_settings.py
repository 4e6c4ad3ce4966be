from pathlib import Path
from typing import Any

import pytest

from andiron.delivery.levels import Level
from andiron.errors import ConfigurationError
from andiron.sdk.settings import SdkSettings, read_settings, variables
from andiron.testing.plugin import Environment


def read(folder: Path, environ: dict[str, str] | None = None, **given: Any) -> SdkSettings:
    return read_settings(given, environ or {}, folder)


def test_the_order_is_argument_andiron_logfire_opentelemetry_pyproject_default(tmp_path: Path) -> None:
    assert read(tmp_path).service == ""
    (tmp_path / "pyproject.toml").write_text('[tool.andiron]\nservice = "project"\nqueue-size = 7\n')
    assert (read(tmp_path).service, read(tmp_path).queue_size) == ("project", 7)
    environ = {"OTEL_SERVICE_NAME": "otel"}
    assert read(tmp_path, environ).service == "otel"
    environ["LOGFIRE_SERVICE_NAME"] = "logfire"
    assert read(tmp_path, environ).service == "logfire"
    environ["ANDIRON_SERVICE"] = "andiron"
    assert read(tmp_path, environ).service == "andiron"
    assert read(tmp_path, environ, service="argument").service == "argument"
    assert read(tmp_path, environ, service=None).service == "andiron"
    environ["ANDIRON_SERVICE"] = "  "
    assert read(tmp_path, environ).service == "logfire"


def test_values_are_written_as_people_write_them(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        {
            "ANDIRON_SPOOL_BYTES": "64MB",
            "ANDIRON_SPOOL_AGE": "7d",
            "ANDIRON_FLUSH_INTERVAL": "0.5",
            "ANDIRON_EXPORT": "off",
            "ANDIRON_LEVEL": "warning",
            "OTEL_EXPORTER_OTLP_HEADERS": "a=1, authorization=Basic x=y",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4318/",
        },
    )
    assert (settings.spool_bytes, settings.spool_age, settings.flush_interval) == (64_000_000, 604_800, 0.5)
    assert (settings.export, settings.level) == (False, Level.WARN)
    assert settings.headers == {"a": "1", "authorization": "Basic x=y"}
    assert settings.url == "https://collector.example:4318"
    assert not settings.local
    assert read(tmp_path, level=17).level is Level.ERROR
    assert read(tmp_path).local


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ANDIRON_QUEUE_SIZE", "many", "valid integer"),
        ("ANDIRON_QUEUE_SIZE", "0", "greater than or equal to 1"),
        ("ANDIRON_URL", "collector:4317", "no address"),
        ("LOGFIRE_MIN_LEVEL", "loud", "There is no level"),
        ("ANDIRON_SPOOL_AGE", "forever", "no duration"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "nonsense", "name=value"),
        ("ANDIRON_SAMPLE", "1.5", "less than or equal to 1"),
    ],
)
def test_a_wrong_variable_costs_a_warning_and_nothing_else(
    tmp_path: Path, variable: str, value: str, message: str
) -> None:
    with pytest.warns(UserWarning, match=f"{variable} is passed over: .*{message}"):
        settings = read(tmp_path, {variable: value, "ANDIRON_SERVICE": "shop"})
    assert settings == read(tmp_path, service="shop")


def test_a_wrong_key_in_pyproject_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.andiron]\nservise = "typo"\n')
    with pytest.warns(UserWarning, match=r"\[tool.andiron\] servise in .*pyproject.toml is passed over"):
        assert read(tmp_path) == SdkSettings()


def test_a_pyproject_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[[[")
    assert read(tmp_path) == SdkSettings()


@pytest.mark.parametrize(("name", "value"), [("queue_size", "many"), ("url", "nowhere"), ("no_such", 1)])
def test_a_wrong_argument_raises(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"andiron.configure\({name}=…\)"):
        read(tmp_path, **{name: value})


@pytest.mark.requirement("CL-21")
def test_a_misspelt_argument_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"servce=….: there is no such setting; the nearest is service\.$"):
        read_settings({"servce": "shop"}, {}, tmp_path)
    with pytest.raises(ConfigurationError, match=r"there is no such setting\.$"):
        read_settings({"colour": "red"}, {}, tmp_path)


def test_a_misspelt_variable_names_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDIRON_SAMPEL", "0.1")
    monkeypatch.setenv("ANDIRON_RETENTION_LOGS", "30d")  # the server's
    with pytest.warns(UserWarning, match=r"ANDIRON_SAMPEL is no setting .*; the nearest is ANDIRON_SAMPLE\.") as told:
        read_settings({}, folder=tmp_path)
    assert len(told) == 1


def test_the_token_is_in_no_representation(tmp_path: Path) -> None:
    settings = read(tmp_path, {"LOGFIRE_TOKEN": "pylf_v1_local_secret"})
    assert settings.token is not None
    assert settings.token.get_secret_value() == "pylf_v1_local_secret"
    assert "secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_every_setting_is_described_and_has_its_variable() -> None:
    for name, field in SdkSettings.model_fields.items():
        assert field.description, name
        assert variables(name)[0] == f"ANDIRON_{name.upper()}"


def test_an_applications_tests_are_not_its_telemetry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, andiron_env: Environment
) -> None:
    monkeypatch.chdir(tmp_path)
    andiron_env(ANDIRON_EXPORT=None, ANDIRON_SPOOL=None)
    assert (read_settings({}).export, read_settings({}).spool) == (False, "memory")
    assert read_settings({"export": True, "spool": "here"}).spool == "here"
    andiron_env(ANDIRON_EXPORT="1", PYTEST_VERSION=None)
    assert read_settings({}).export
    assert read_settings({}).spool == ""
