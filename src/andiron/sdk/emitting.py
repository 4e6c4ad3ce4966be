"""What the parts of the field context are given: where their records go, and how to wait for them."""

from collections.abc import Mapping
from typing import Any, Protocol

from andiron.delivery.levels import Level


class Emit(Protocol):
    """Sends a log record through the pipeline. It does not raise; what `attributes` say wins over the correlation of the moment."""

    def __call__(
        self,
        level: Level,
        name: str,
        body: str,
        attributes: Mapping[str, Any],
        *,
        exception: BaseException | None = None,
    ) -> None: ...


class Flush(Protocol):
    """Waits until everything emitted so far is safe, for at most `timeout` seconds; whether it is."""

    def __call__(self, timeout: float) -> bool: ...
