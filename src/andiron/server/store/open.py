"""Opens the store that the settings name: embedded in the data folder, or a ClickHouse server elsewhere."""

from andiron.server.settings import Settings
from andiron.server.store.engine import Engine


def open_store(settings: Settings) -> Engine:
    """Connect. Raises `ConfigurationError`, or `StoreUnavailable` for a server that does not answer."""
    if settings.embedded:
        from andiron.server.store.embedded import EmbeddedEngine

        return EmbeddedEngine(settings.data / "store")
    from andiron.server.store.remote import RemoteEngine

    return RemoteEngine(settings.store)
