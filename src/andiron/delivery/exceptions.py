"""An exception in OpenTelemetry's words. Not even one whose own text cannot be written keeps its record from going."""

import traceback


def type_name(error: BaseException) -> str:
    """The type as the conventions want it: with its module, but for builtins."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def attributes_of(error: BaseException) -> dict[str, str]:
    """`exception.type`, `exception.message` and `exception.stacktrace`."""
    found = {"exception.type": type_name(error)}
    try:
        found["exception.message"] = str(error)
        found["exception.stacktrace"] = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - what went wrong may be wrong with its own text, too
        found.setdefault("exception.message", "(it cannot be written)")
    return found
