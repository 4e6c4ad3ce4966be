"""The token in the system's keyring: read at start, written and removed by the command line. Nothing here logs, and no error carries a token.

A keyring may ask the user, or hang on a bus that is not there; so each question has a thread of its own and a bound on its time.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from andiron.errors import AndironError, ConfigurationError

PATIENCE = 2.0
"""Seconds that a start waits for the keyring."""
UNATTENDED = 60.0
"""Seconds that the command line waits: somebody may have to type a password."""
NONE = ("keyring.backends.fail", "keyring.backends.null")
T = TypeVar("T")


class NoKeyring(ConfigurationError):
    """There is no usable keyring here."""


class KeyringError(AndironError):
    """The keyring did not do what it was asked."""


def token(service: str, url: str, *, timeout: float = PATIENCE) -> str | None:
    """The token that `service` sends to `url` with; None where there is none, or no keyring, or no answer in time."""
    try:
        found = _bounded(lambda: _keyring().get_password(place(url), service), timeout)
    except Exception:  # noqa: BLE001 - a start goes on without; the message of a backend might hold what it should not
        return None
    return found if isinstance(found, str) and found else None


def store_token(service: str, url: str, value: str, *, timeout: float = UNATTENDED) -> None:
    """Keep `value`. Raises `NoKeyring` or `KeyringError`."""
    _asked("store the token", lambda: _keyring().set_password(place(url), service, value), timeout)


def delete_token(service: str, url: str, *, timeout: float = UNATTENDED) -> bool:
    """Remove it; whether there was one. Raises `NoKeyring` or `KeyringError`."""

    def delete() -> bool:
        keyring = _keyring()
        if keyring.get_password(place(url), service) is None:
            return False
        keyring.delete_password(place(url), service)
        return True

    return _asked("delete the token", delete, timeout)


def place(url: str) -> str:
    """The keyring's name for a server: scheme, host and port, whatever path, user or capitals the URL has."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    port = f":{parts.port}" if parts.port else ""
    return f"andiron {parts.scheme.lower()}://{parts.hostname or ''}{port}"


def _asked(what: str, question: Callable[[], T], timeout: float) -> T:
    try:
        return _bounded(question, timeout)
    except AndironError:
        raise
    except TimeoutError:
        raise KeyringError(f"The keyring did not {what} within {timeout:g} s. Is it locked?") from None
    except Exception as error:  # noqa: BLE001 - backends raise what they like
        # Neither the message nor the cause: both are the backend's, and might name the token.
        raise KeyringError(f"The keyring did not {what}: {type(error).__name__}.") from None


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise NoKeyring("Keyrings need a package that is not installed: pip install 'andiron[keyring]'.") from None
    backend = keyring.get_keyring()
    nothing_chained = type(backend).__module__ == "keyring.backends.chainer" and not getattr(backend, "backends", ())
    if type(backend).__module__ in NONE or nothing_chained:
        raise NoKeyring("This system has no keyring that is usable here. Put the token into ANDIRON_TOKEN instead.")
    return backend


def _bounded(question: Callable[[], T], timeout: float) -> T:
    answers: list[T] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(question())
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
            errors.append(error)

    thread = threading.Thread(target=ask, name="andiron-keyring", daemon=True)
    thread.start()
    thread.join(timeout)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError
    return answers[0]
