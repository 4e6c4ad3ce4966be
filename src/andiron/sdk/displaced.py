"""Whoever calls `logfire.configure` after `andiron.configure` is told that spans then no longer come here.

Logfire throws away the span processors that it had. Without a word, the application would look healthy and Andiron empty.
"""

import warnings
from typing import Any

METHOD = "configure"


class Displaced:
    """Between `start` and `stop`, Logfire's configuration warns before it is replaced."""

    def start(self) -> None:
        """Begin."""
        from logfire._internal import config as logfire_config

        self._config = config = logfire_config.GLOBAL_CONFIG
        original = config.configure

        def configure(*arguments: Any, **options: Any) -> None:
            self.stop()
            # The one who called `logfire.configure`, two frames up.
            warnings.warn(
                "logfire.configure() after andiron.configure() takes its place: spans and metrics no longer reach Andiron. Leave it out, "
                "call it before, or give its arguments as andiron.configure(logfire={…}).",
                stacklevel=3,
            )
            original(*arguments, **options)

        vars(config)[METHOD] = configure

    def stop(self) -> None:
        """End."""
        vars(self._config).pop(METHOD, None)
