"""What an application may ask of its telemetry from anywhere, without holding what `configure` gave it."""

from typing import Any

from andiron.sdk import configure as configuration
from andiron.sdk import context


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


def set_user(user: str | None) -> None:
    """Name whoever uses the application: within a request for that request, else for the process, as on a device."""
    if context.request_id.get() is not None:
        context.user_id.set(user)
    elif configuration.current is not None:
        configuration.current.field.identity.set_user(user)


def set_online(online: bool | None) -> None:  # noqa: FBT001 - that is what is set
    """Say whether there is a network, where the application knows better; None leaves it to what the delivery sees."""
    telemetry = configuration.current
    if telemetry is None:
        return
    if telemetry.field.connectivity is not None:
        telemetry.field.connectivity.set_online(online)
    telemetry.pipeline.sender.enable(telemetry.settings.export and online is not False)
