"""The files of `deploy/` as values, and what may be asked of them: services, mounts, ports, images."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
FROM = re.compile(r"^FROM\s+(?:--\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", re.MULTILINE | re.IGNORECASE)


def load(path: Path) -> Any:
    """A YAML file, with its merges carried out."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Mount:
    """One line of `volumes:`."""

    source: str
    target: str
    mode: str = "rw"

    @property
    def bound(self) -> bool:
        """Whether it is a file or folder of the repository, not a volume."""
        return self.source.startswith(".")

    @property
    def path(self) -> Path:
        """Where in the repository it is."""
        return (COMPOSE / self.source).resolve()


@dataclass(frozen=True)
class Service:
    """A service of a compose file."""

    name: str
    given: dict[str, Any]

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted."""
        return [Mount(*line.split(":")) for line in self.given.get("volumes", [])]

    @property
    def environment(self) -> dict[str, str]:
        """Its variables."""
        return {name: str(value) for name, value in self.given.get("environment", {}).items()}

    @property
    def dockerfile(self) -> str:
        """The text of what it is built from, with the image that is given as an argument in its place; empty where it is not built."""
        build = self.given.get("build")
        if not build:
            return ""
        path: Path = COMPOSE / build["context"] / build["dockerfile"]
        text = path.resolve().read_text(encoding="utf-8")
        for name, value in build.get("args", {}).items():
            text = text.replace(f"${{{name}}}", value)
        return text

    @property
    def images(self) -> list[str]:
        """Every image it comes from."""
        stages = FROM.findall(self.dockerfile)
        named = {stage for _, stage in stages if stage}
        return [self.given["image"]] if "image" in self.given else [image for image, _ in stages if image not in named]

    @property
    def healthcheck(self) -> list[str]:
        """What tells whether it is well; empty for nothing."""
        check = self.given.get("healthcheck", {})
        if check.get("disable"):
            return []
        found = re.search(r"HEALTHCHECK.*?CMD\s+(\[.*?\])$", self.dockerfile, re.DOTALL | re.MULTILINE)
        test: list[str] = check.get("test") or (yaml.safe_load(found[1]) if found else [])
        return test

    @property
    def published(self) -> list[str]:
        """Ports that the machine sees."""
        return list(self.given.get("ports", []))

    def mounted(self, target: str) -> Path:
        """The file of the repository that the container sees at `target`."""
        for mount in self.mounts:
            if mount.bound and (target == mount.target or target.startswith(f"{mount.target}/")):
                return mount.path / target.removeprefix(mount.target).lstrip("/")
        raise LookupError(f"{self.name} sees nothing of the repository at {target}")


@dataclass(frozen=True)
class Stack:
    """A compose file."""

    path: Path

    @cached_property
    def given(self) -> dict[str, Any]:
        """As it is written."""
        whole: dict[str, Any] = load(self.path)
        return whole

    @cached_property
    def services(self) -> dict[str, Service]:
        """By name."""
        return {name: Service(name, given) for name, given in self.given["services"].items()}


FULL = Stack(COMPOSE / "full.compose.yaml")
SMALL = Stack(COMPOSE / "small.compose.yaml")
STACKS = (FULL, SMALL)
