"""The one tree of exceptions. Each message says what happened, what it was about and what to do."""


class AndironError(Exception):
    """Anything that Andiron refuses or cannot do. `str()` of it is fit for the person who asked."""


class ConfigurationError(AndironError):
    """A setting is wrong, or two of them contradict each other."""


class StoreError(AndironError):
    """ClickHouse refused a statement. `code` is ClickHouse's own number."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class StoreUnavailable(StoreError):
    """The store cannot be reached now; the same call may work later."""


class DataPathBusy(ConfigurationError):
    """Another process holds the data directory."""
