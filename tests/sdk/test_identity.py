import contextlib
import contextvars
import importlib.metadata
import os
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from andiron.sdk import context
from andiron.sdk.identity import UNKNOWN, Identity, Service, find_service, install_id
from andiron.sdk.machine import capacity, device_id, machine

NOWHERE = Path("/nonexistent")


@pytest.fixture(autouse=True)
def untouched_context(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(context, "static", {})
    tokens = [(variable, variable.set(None)) for variable in (context.request_id, context.user_id, context.session_id)]
    yield
    for variable, token in tokens:
        variable.reset(token)


def main_of(package: str = "", file: str = "/srv/shop/run_shop.py") -> ModuleType:
    module = ModuleType("__main__")
    module.__file__ = file
    if package:
        module.__spec__ = importlib.machinery.ModuleSpec(f"{package}.__main__", None)
    return module


@pytest.mark.requirement("LF-02")
def test_an_argument_wins_over_the_environment_and_that_over_the_distribution(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "from-pyproject"\nversion = "3.0"\n')
    environ = {
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=from%20variable,service.version=2.0,deployment.environment=stage"
    }
    given = find_service("given", "prod", "1.0", environ=environ, folder=tmp_path, main=main_of("pydantic"))
    assert given == Service("given", "prod", "1.0")
    assert find_service(environ=environ, folder=tmp_path, main=main_of("pydantic")) == Service(
        "from variable", "stage", "2.0"
    )
    version = importlib.metadata.version("pydantic")
    assert find_service(environ={}, folder=tmp_path, main=main_of("pydantic")) == Service("pydantic", "", version)
    assert find_service(environ={}, folder=tmp_path, main=main_of()) == Service("from-pyproject", "", "3.0")


@pytest.mark.requirement("LF-02")
def test_a_given_name_still_gets_the_version_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "pydantic"\ndynamic = ["version"]\n')
    found = find_service("shop", environ={}, folder=tmp_path, main=main_of())
    assert found == Service("shop", "", importlib.metadata.version("pydantic"))


@pytest.mark.requirement("LF-02")
@pytest.mark.parametrize(
    ("main", "name"),
    [
        (main_of(), "unknown_service:run_shop"),
        (main_of("uvicorn", "/venv/uvicorn/__main__.py"), "unknown_service:uvicorn"),
        (main_of("no_such_distribution", "/srv/thing/__main__.py"), "unknown_service:thing"),
    ],
)
def test_where_nobody_says_it_is_the_program(main: ModuleType, name: str) -> None:
    assert find_service(" ", environ={}, folder=NOWHERE, main=main) == Service(name)


@pytest.mark.parametrize("text", ["not toml [", "[tool.x]\n", "project = 3\n", '[project]\nversion = "1"\n'])
def test_a_pyproject_that_says_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert find_service(environ={}, folder=tmp_path, main=main_of()).name == "unknown_service:run_shop"


@pytest.mark.requirement("LF-02")
def test_the_resource_has_both_families_of_names() -> None:
    resource = Identity(Service("shop", "prod", "1.2"), "i-1", session="s-1").resource()
    assert resource["service"] == resource["service.name"] == "shop"
    assert resource["environment"] == resource["deployment.environment.name"] == "prod"
    assert resource["application_version"] == resource["service.version"] == "1.2"
    assert resource["service.instance.id"] == "s-1"
    assert resource["app.installation.id"] == "i-1"
    assert resource["process.pid"] == os.getpid()
    assert resource["os.type"] == ("linux" if sys.platform == "linux" else "darwin")
    assert {"host.name", "host.arch", "os.description", "os.version", "device.id", "process.runtime.name"} <= set(
        resource
    )


@pytest.mark.requirement("LF-02")
def test_absence_is_said_in_the_plain_names_and_left_out_of_the_others() -> None:
    identity = Identity(Service("shop"), "i-1")
    resource = identity.resource()
    assert resource["environment"] == resource["application_version"] == UNKNOWN
    assert not {"deployment.environment.name", "service.version"} & set(resource)
    identity.start()
    assert context.static == {"service": "shop", "environment": UNKNOWN, "application_version": UNKNOWN}


@pytest.mark.requirement("CL-14")
def test_every_record_names_session_and_installation_and_the_user_once_known() -> None:
    identity = Identity(Service("shop"), "i-1", session="s-1")
    assert identity.correlation() == {"session.id": "s-1", "app.installation.id": "i-1"}
    assert identity.correlation() is identity.correlation()
    identity.set_user("ada")
    assert identity.correlation() == {"session.id": "s-1", "app.installation.id": "i-1", "user.id": "ada"}
    identity.set_user(None)
    assert identity.user() is None
    assert "user.id" not in identity.correlation()
    assert uuid.UUID(Identity(Service("shop"), "i-1").session).version == 4


@pytest.mark.requirement("CL-14")
def test_a_request_has_its_own_user_and_leaves_no_trace() -> None:
    identity = Identity(Service("shop"), "i-1", session="s-1")
    identity.set_user("device owner")

    def request() -> dict[str, str]:
        context.request_id.set("r-1")
        context.session_id.set("s-of-client")
        identity.user_of_request("grace")
        assert identity.user() == "grace"
        return dict(identity.correlation())

    assert contextvars.copy_context().run(request) == {
        "session.id": "s-of-client",
        "app.installation.id": "i-1",
        "user.id": "grace",
        "request_id": "r-1",
    }
    assert identity.correlation() == {"session.id": "s-1", "app.installation.id": "i-1", "user.id": "device owner"}


@pytest.mark.requirement("CL-14")
def test_the_installation_keeps_its_id(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    first = install_id(folder)
    assert uuid.UUID(first).version == 4
    assert install_id(folder) == first
    assert [path.name for path in folder.iterdir()] == ["install-id"]
    assert stat.S_IMODE((folder / "install-id").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xff\xfe", b"1234-"])
def test_an_id_that_cannot_be_read_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "install-id").write_bytes(content)
    anew = install_id(tmp_path)
    assert uuid.UUID(anew).version == 4
    assert install_id(tmp_path) == anew
    assert [path.name for path in tmp_path.iterdir()] == ["install-id"]


def test_without_a_place_to_keep_it_the_id_holds_for_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert uuid.UUID(install_id(tmp_path / "file" / "state")).version == 4


def test_where_files_cannot_be_linked_they_are_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert install_id(tmp_path) == install_id(tmp_path)


FIRST_START = """
import sys
from pathlib import Path
from andiron.sdk.identity import install_id
print("ready", flush=True)
for folder in sys.stdin:
    print(install_id(Path(folder.strip())), flush=True)
"""


@pytest.mark.requirement("CL-14")
def test_several_first_starts_at_once_agree(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        starts = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", FIRST_START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for _ in range(4)
        ]
        pipes = [(start.stdin, start.stdout) for start in starts if start.stdin and start.stdout]
        assert [answers.readline() for _, answers in pipes] == ["ready\n"] * 4
        for attempt in range(20):
            for questions, _ in pipes:
                questions.write(f"{tmp_path / str(attempt)}\n")
                questions.flush()
            assert len({answers.readline() for _, answers in pipes}) == 1
        for questions, _ in pipes:
            questions.close()


def test_the_id_of_the_device_does_not_give_away_the_machines(tmp_path: Path) -> None:
    assert device_id(tmp_path) == ""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    assert uuid.UUID(device_id(tmp_path)).version == 5
    assert "3d1219c7" not in device_id(tmp_path)
    assert machine("i-1", tmp_path)["device.id"] == device_id(tmp_path)
    assert machine("i-1", NOWHERE)["device.id"] == "i-1"


def test_the_model_of_a_board_is_read_without_its_end_of_string(tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B\0")
    assert machine("", tmp_path)["device.model.identifier"] == "Raspberry Pi 5 Model B"
    assert "device.model.identifier" not in machine("", NOWHERE)


def test_capacity_is_of_this_machine() -> None:
    assert capacity()["system.cpu.logical.count"] == os.cpu_count()
    assert capacity()["system.memory.limit"] > 1_000_000
