"""`andiron serve` names variables that look like settings and are none."""

from pathlib import Path

import pytest

from andiron.cli.misspelt import known, misspelt

pytestmark = pytest.mark.requirement("AN-01")


def test_a_misspelt_variable_is_named_with_what_was_meant(tmp_path: Path) -> None:
    environ = {"ANDIRON_RETENTION_TRACE": "7d", "ANDIRON_TOKEN": "secret", "ANDIRON_HTTP": ":1", "PATH": "/bin"}
    assert list(misspelt(environ, tmp_path / ".env")) == [
        "ANDIRON_RETENTION_TRACE is no setting of Andiron and changes nothing. Did you mean ANDIRON_RETENTION_TRACES?"
    ]


def test_one_that_is_like_nothing_is_named_too_and_its_value_is_not(tmp_path: Path) -> None:
    (sentence,) = misspelt({"ANDIRON_QQQ": "hunter2"}, tmp_path / ".env")
    assert sentence.endswith("docs/settings.md lists them all.")
    assert "hunter2" not in sentence


def test_the_file_is_read_as_settings_are(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("andiron_retentoin_logs=7d\nexport ANDIRON_LOG_LEVEL=debug\n# ANDIRON_NOTHING=1\nOTHER=1\n")
    (sentence,) = misspelt({}, file)
    assert sentence.startswith(f"andiron_retentoin_logs (in {file}) is no setting")
    assert "Did you mean ANDIRON_RETENTION_LOGS?" in sentence


def test_every_setting_is_known(tmp_path: Path) -> None:
    assert list(misspelt(dict.fromkeys(known(), "x"), tmp_path / ".env")) == []
