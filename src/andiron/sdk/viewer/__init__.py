"""A page inside the application that shows its last records as they come: `app.mount("/telemetry", andiron.sdk.viewer.Viewer())`."""

from andiron.sdk.viewer.page import Viewer
from andiron.sdk.viewer.recent import Recent, recent

__all__ = ["Recent", "Viewer", "recent"]
