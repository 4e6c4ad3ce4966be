"""Imported by every interpreter below `andiron run` before its program. Runs the sitecustomize that it hides, then starts telemetry."""

import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs this process 5 ms
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _FOLDER]  # noqa: PTH100 - as above


def _run_hidden() -> None:
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


try:
    _run_hidden()
finally:
    try:
        from andiron.sdk.autostart import start
    except Exception as error:  # noqa: BLE001 - another environment's Python, without Andiron
        if os.environ.get("ANDIRON_RUN_PID") == str(os.getpid()):
            print(f"andiron: {sys.executable} makes no telemetry: {error}", file=sys.stderr)  # noqa: T201 - nobody else says it
    else:
        start()
