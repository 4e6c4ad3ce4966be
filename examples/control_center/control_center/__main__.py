"""`python -m control_center` serves the application on 127.0.0.1:8000, or on CONTROL_CENTER_HTTP."""

import sys

import uvicorn

from control_center.main import create_app
from control_center.settings import Settings


def main() -> None:
    """Serve until Ctrl-C."""
    try:
        settings = Settings.read()
    except ValueError as error:
        sys.exit(f"control_center: {error}")
    # Each request has its span; a line about it in the log would say the same again.
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, access_log=False)


if __name__ == "__main__":
    main()
