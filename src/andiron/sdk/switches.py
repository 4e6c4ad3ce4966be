"""What an application may ask of its telemetry from anywhere, without holding what `configure` gave it."""

from typing import Any

from andiron.sdk import configure as configuration


def enable(on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
    """Turn export on or off. Off, records wait in the spool."""
    if configuration.current is not None:
        configuration.current.enable(on)


def flush(timeout: float = 5.0) -> bool:
    """Hand over what is being collected. True when all of it is delivered or on the disk."""
    return configuration.current is None or configuration.current.flush(timeout)


def report() -> dict[str, Any]:
    """What became of the records so far; empty before `configure`."""
    return configuration.current.report() if configuration.current is not None else {}
