"""What can be saved of a record that cannot be encoded: nothing here raises, whatever the record is made of."""

from typing import Any


def of(owner: Any, name: str) -> Any:
    """An attribute of an object, None where there is none or it fails."""
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 - a property may raise anything
        return None


def unsigned(value: Any, size: int) -> bytes:
    """An id of `size` bytes; zeros for what is none."""
    whole = number(value, most=(1 << 8 * size) - 1)
    return whole.to_bytes(size, "big")


def number(value: Any, *, most: int = 2**64 - 1) -> int:
    """A number from 0 to `most`; 0 for what is none."""
    try:
        whole = int(value)
    except Exception:  # noqa: BLE001 - `__int__` may raise anything
        return 0
    return whole if 0 <= whole <= most else 0


def text(value: Any) -> str:
    """The text of a value, the name of its type where it has none."""
    try:
        return "" if value is None else str(value)
    except Exception:  # noqa: BLE001 - `__str__` may raise anything
        return f"<{type(value).__name__}>"
