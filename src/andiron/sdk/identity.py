"""Who makes the records: the service, its installation on this machine, this run of it, and whoever uses it.

Settings and package metadata come in; the attributes of the resource and those of every record go out.
"""

import contextlib
import importlib.metadata
import os
import sys
import tomllib
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from andiron.sdk import context
from andiron.sdk.machine import machine

UNKNOWN = "unknown"
"""`environment` and `application_version` where nobody said; the names of OpenTelemetry are then left out."""

RUNNERS = frozenset({"celery", "flask", "gunicorn", "hypercorn", "pytest", "unittest", "uvicorn", "fastapi", "granian"})
"""Programs that run an application and are not it."""


@dataclass(frozen=True, slots=True)
class Service:
    """What runs here. An empty environment or version means that nobody said."""

    name: str
    environment: str = ""
    version: str = ""


def find_service(
    name: str = "",
    environment: str = "",
    version: str = "",
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    main: ModuleType | None = None,
) -> Service:
    """The service: what is given, else OTEL_RESOURCE_ATTRIBUTES, else the distribution of the main package, else the `pyproject.toml`
    of the working directory, else `unknown_service:<program>`.
    """
    named = named_in(os.environ if environ is None else environ)
    name = name.strip() or named.get("service.name", "")
    version = version.strip() or named.get("service.version", "")
    environment = (
        environment.strip() or named.get("deployment.environment.name", "") or named.get("deployment.environment", "")
    )
    main = main or sys.modules.get("__main__")
    if not (name and version):
        found, its_version = from_distribution(main) or from_pyproject(folder) or ("", "")
        name = name or found
        version = version or its_version
    return Service(name or f"unknown_service:{program(main)}", environment, version)


def named_in(environ: Mapping[str, str]) -> dict[str, str]:
    """What OTEL_RESOURCE_ATTRIBUTES says: `key=value,key=value`, percent-encoded."""
    pairs = (part.partition("=") for part in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    return {key.strip(): urllib.parse.unquote(value.strip()) for key, found, value in pairs if found}


def from_distribution(main: ModuleType | None) -> tuple[str, str] | None:
    """Name and version of what was started with `python -m package`, where it is installed."""
    spec = getattr(main, "__spec__", None)
    package = spec.name.partition(".")[0] if spec else ""
    if not package or package in RUNNERS or package == "__main__":
        return None
    try:
        distribution = importlib.metadata.distribution(package)
        return distribution.metadata["Name"], distribution.version
    except Exception:  # noqa: BLE001 - not installed, or its metadata is broken: the next place is asked
        return None


def from_pyproject(folder: Path | None) -> tuple[str, str] | None:
    """Name and version of the project in the working directory."""
    try:
        path = (folder or Path.cwd()) / "pyproject.toml"
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        name = str(project["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    version = str(project.get("version", ""))
    if not version:
        with contextlib.suppress(Exception):  # a dynamic version of a project that is not installed
            version = importlib.metadata.version(name)
    return name, version


def program(main: ModuleType | None) -> str:
    """What was started, for people."""
    path = getattr(main, "__file__", None) or started() or sys.executable or "python"
    stem = Path(path).stem
    return Path(path).parent.name or stem if stem == "__main__" else stem


def started() -> str:
    """The file that the interpreter was told to run, where it has not come to that yet; empty without one."""
    words = sys.orig_argv[1:]
    while words and words[0].startswith("-"):
        if words[0] in ("-c", "-m"):
            return ""
        words = words[2:] if words[0] in ("-W", "-X") else words[1:]
    return words[0] if words else ""


def install_id(folder: Path, new: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """The id of this installation, made at its first start. Where nothing can be kept it holds for this run only.

    Of several first starts at once the first to link its file wins, and the others take what it wrote.
    """
    path = folder / "install-id"
    mine = str(new())
    for link in (True, False):
        try:
            return str(uuid.UUID(path.read_text(encoding="ascii").strip()))
        except (OSError, ValueError):
            # Missing at first; if it cannot be read even when linking failed, it is broken and goes.
            with contextlib.suppress(OSError):
                _write(path, mine, link=link)
    with contextlib.suppress(OSError, ValueError):
        return str(uuid.UUID(path.read_text(encoding="ascii").strip()))
    return mine


def _write(path: Path, content: str, *, link: bool) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{content}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if link:
            os.link(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class Identity:
    """Answers what every record and the resource say. Reading is safe from any thread and takes a third of a microsecond."""

    def __init__(
        self, service: Service, installation: str, *, session: str = "", new: Callable[[], uuid.UUID] = uuid.uuid4
    ) -> None:
        self.service = service
        self.installation = installation
        self.session = session or str(new())
        self._process = {"session.id": self.session, "app.installation.id": installation}

    def start(self) -> None:
        """Let log lines and the like know, too."""
        context.set_static(
            service=self.service.name,
            environment=self.service.environment or UNKNOWN,
            application_version=self.service.version or UNKNOWN,
        )

    def set_user(self, user: str | None) -> None:
        """Name whoever uses the application: of the process where it has one user, as on a device. Within a request use `user_of_request`."""
        process = {key: value for key, value in self._process.items() if key != "user.id"}
        self._process = {**process, "user.id": user} if user else process

    @staticmethod
    def user_of_request(user: str | None) -> None:
        """Name whoever is signed in, for this request or task and what it starts."""
        context.user_id.set(user)

    def user(self) -> str | None:
        """Who uses the application here and now."""
        return context.user_id.get() or self._process.get("user.id")

    def correlation(self) -> Mapping[str, str]:
        """What every record says: session, installation, and user and request where there are any. Not to be changed."""
        request, user, session = context.request_id.get(), context.user_id.get(), context.session_id.get()
        if request is None and user is None and session is None:
            return self._process
        here = self._process.copy()
        if request is not None:
            here["request_id"] = request
        if user is not None:
            here["user.id"] = user
        if session is not None:
            # A request that a client's session made belongs to the story of that session.
            here["session.id"] = session
        return here

    def resource(self) -> dict[str, str | int]:
        """The attributes of the resource: OpenTelemetry's names, and `service`, `environment`, `application_version` beside them."""
        service = self.service
        told = {
            "service.name": service.name,
            "deployment.environment.name": service.environment,
            "service.version": service.version,
        }
        return {
            **{key: value for key, value in told.items() if value},
            "service": service.name,
            "environment": service.environment or UNKNOWN,
            "application_version": service.version or UNKNOWN,
            "service.instance.id": self.session,
            "app.installation.id": self.installation,
            **machine(self.installation),
        }
