"""The machine, its operating system and the running Python, by OpenTelemetry's names. What cannot be found out is left out."""

import contextlib
import os
import platform
import socket
import sys
import uuid
from pathlib import Path

ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i386": "x86",
    "i686": "x86",
    "armv7l": "arm32",
    "armv6l": "arm32",
}
MODELS = ("/sys/class/dmi/id/product_name", "/proc/device-tree/model")
SPACE = uuid.UUID("6f0d3ac1-7f8b-5a1e-9a43-0f4f8d1f1b52")
"""systemd asks that its machine id is not shown to others; what is made of it in our own name space tells nothing of it."""


def machine(installation: str = "", root: Path = Path("/")) -> dict[str, str | int]:
    """Attributes for the resource."""
    arch = platform.machine()
    found: dict[str, str | int] = {
        "host.name": socket.gethostname(),
        "host.arch": ARCHITECTURES.get(arch.lower(), arch.lower()),
        "os.type": platform.system().lower(),
        "os.name": _os_name(),
        "os.version": platform.release() if sys.platform == "linux" else platform.mac_ver()[0] or platform.version(),
        "os.description": platform.platform(),
        "device.id": device_id(root) or installation,
        "device.model.identifier": _first(root, MODELS),
        "process.pid": os.getpid(),
        "process.runtime.name": sys.implementation.name,
        "process.runtime.version": platform.python_version(),
        "process.runtime.description": " ".join(sys.version.split()),
    }
    return {key: value for key, value in found.items() if value != ""}


def capacity() -> dict[str, int]:
    """Processors and memory, for the marker at the start of a session."""
    found = {"system.cpu.logical.count": os.cpu_count() or 0}
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found["system.memory.limit"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {key: value for key, value in found.items() if value > 0}


def device_id(root: Path = Path("/")) -> str:
    """An id of the machine that stays when the application is installed anew; empty where the system has none."""
    known = _first(root, ("/etc/machine-id", "/var/lib/dbus/machine-id"))
    return str(uuid.uuid5(SPACE, known)) if known else ""


def _os_name() -> str:
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release().get("NAME", "Linux")
    return "macOS" if sys.platform == "darwin" else platform.system()


def _first(root: Path, paths: tuple[str, ...]) -> str:
    for path in paths:
        with contextlib.suppress(OSError):
            text = (root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace").strip("\0 \n")
            if text:
                return text
    return ""
