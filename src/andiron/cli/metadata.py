"""How commands reach the metadata: the options that say where it is, and failures as one line and an exit code.

2 means that what was asked can never work as it is written, 1 that it did not work this time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from andiron.errors import AndironError, ConfigurationError
from andiron.server.control.metadata import Metadata
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Invalid
from andiron.server.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder of the server; ANDIRON_DATA otherwise.", show_default=False)
]
Url = Annotated[
    str | None,
    typer.Option("--metadata", help="URL of the metadata database; ANDIRON_METADATA otherwise.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@contextmanager
def metadata_of(data: Path | None, url: str | None) -> Iterator[Metadata]:
    """Open the metadata that the server with these settings has, with its default project in it."""
    try:
        given: dict[str, Any] = {"data": data, "metadata": url}
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
        metadata = Metadata.open(settings.data, settings.metadata)
        try:
            Projects(metadata).ensure_default(settings.project)
            yield metadata
        finally:
            metadata.close()
    except ValidationError as error:
        problems = "; ".join(
            f"ANDIRON_{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()
        )
        raise _failed(problems, 2) from error
    except (Invalid, ConfigurationError) as error:
        raise _failed(str(error), 2) from error
    except AndironError as error:
        raise _failed(str(error), 1) from error
    except SQLAlchemyError as error:
        raise _failed(f"The metadata database failed: {getattr(error, 'orig', None) or error}", 1) from error


def _failed(message: str, code: int) -> typer.Exit:
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(code)
