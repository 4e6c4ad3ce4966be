"""`.env.example` names settings that are there, with their defaults, and leaves out none of `init_observability`."""

import re
from collections.abc import Mapping
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from dotenv import dotenv_values

from andiron.sdk import settings as sdk
from andiron.sdk.operations import settings as operations
from andiron.sdk.settings import SdkSettings
from andiron.server.settings import Settings
from tests.deploy.stack import ROOT

pytestmark = pytest.mark.requirement("OB-01")

TEXT = (ROOT / ".env.example").read_text(encoding="utf-8")
WRITTEN = re.compile(r"^# (?=[A-Z_]+=)", re.MULTILINE)
EXAMPLE: Mapping[str, str | None] = dotenv_values(stream=StringIO(WRITTEN.sub("", TEXT)))
OPERATIONS = [
    variable for name in operations.ObservabilitySettings.model_fields for variable in operations.variables(name)
]


def test_nothing_in_it_is_in_force() -> None:
    assert dotenv_values(stream=StringIO(TEXT)) == {}


def test_every_name_is_a_setting() -> None:
    delivery = {variable for name in SdkSettings.model_fields for variable in sdk.variables(name)}
    server = {f"ANDIRON_{name.upper()}" for name in Settings.model_fields}
    reference = {"CONTROL_CENTER_DATABASE", "CONTROL_CENTER_HTTP", "CONTROL_CENTER_FAULTS"}
    assert set(EXAMPLE) <= {*OPERATIONS, *delivery, *server, *reference}
    source = (ROOT / "examples/control_center/control_center/settings.py").read_text(encoding="utf-8")
    assert set(re.findall(r"CONTROL_CENTER_[A-Z]+", source)) == reference


# The others are the delivery's, which has its own names for a few of them, and listens to Logfire's.
@pytest.mark.parametrize("variable", [name for name in OPERATIONS if name.startswith(("OBSERVABILITY_", "OTEL_"))])
def test_every_variable_of_operations_is_in_it(variable: str) -> None:
    assert variable in EXAMPLE


def test_each_says_what_it_is_before_it() -> None:
    lines = TEXT.splitlines()
    for before, line in pairwise(lines):
        if WRITTEN.match(line):
            assert before.startswith("# "), f"{line} says nothing of itself"


def test_what_is_written_is_the_default() -> None:
    """Taking every `#` away changes nothing."""
    said = {name: value for name, value in EXAMPLE.items() if value}
    assert operations.ObservabilitySettings.read(own(said, "OBSERVABILITY_")) == operations.ObservabilitySettings()
    named = {name: value for name, value in said.items() if name in OPERATIONS and name.startswith("OTEL_")}
    expected = operations.ObservabilitySettings(otlp_endpoint=sdk.DEFAULT_URL)
    assert operations.ObservabilitySettings.read(named) == expected
    delivered = {variable for name in SdkSettings.model_fields for variable in sdk.variables(name)}
    found = {name: value for name, value in said.items() if name in delivered}
    assert SdkSettings(**{name: text for name, (text, _) in sdk.from_environment(found).items()}) == SdkSettings()


def test_what_is_written_for_the_server_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"ANDIRON_{field.upper()}", raising=False)
    default = Settings(_env_file=None)
    for name, value in own(EXAMPLE, "ANDIRON_").items():
        if value and name.removeprefix("ANDIRON_").lower() in Settings.model_fields:
            monkeypatch.setenv(name, value)
    assert Settings(_env_file=None) == default


def own(said: Mapping[str, str | None], prefix: str) -> dict[str, Any]:
    """Those that begin so."""
    return {name: value for name, value in said.items() if name.startswith(prefix)}
