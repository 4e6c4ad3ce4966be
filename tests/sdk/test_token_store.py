import sys
import threading
import traceback
from collections.abc import Iterator

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from andiron.sdk.token_store import KeyringError, NoKeyring, delete_token, place, store_token, token

SECRET = "andiron_w_0123456789"
URL = "https://telemetry.example:8443/base"


class InMemory(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Broken(InMemory):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"D-Bus said no to {SECRET}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"D-Bus said no to {password}")


class Hanging(InMemory):
    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.go_on.wait(60)
        return SECRET


@pytest.fixture(autouse=True)
def usual_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def memory() -> InMemory:
    backend = InMemory()
    keyring.set_keyring(backend)
    return backend


@pytest.mark.requirement("CL-21")
def test_a_token_is_kept_by_service_and_server(memory: InMemory) -> None:
    assert token("shop", URL) is None
    store_token("shop", URL, SECRET)
    assert token("shop", URL) == SECRET
    assert token("shop", "https://TELEMETRY.example:8443/other/") == SECRET
    assert token("till", URL) is None
    assert token("shop", "https://elsewhere.example:8443") is None
    assert memory.kept == {("andiron https://telemetry.example:8443", "shop"): SECRET}
    assert delete_token("shop", URL)
    assert not delete_token("shop", URL)
    assert memory.kept == {}


@pytest.mark.requirement("CL-21")
@pytest.mark.parametrize(
    "backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, keyring.backends.chainer.ChainerBackend]
)
def test_a_backend_that_keeps_nothing_is_none(backend: type[KeyringBackend], monkeypatch: pytest.MonkeyPatch) -> None:
    if backend is keyring.backends.chainer.ChainerBackend:
        monkeypatch.setattr(backend, "backends", ())
    keyring.set_keyring(backend())
    assert token("shop", URL) is None
    with pytest.raises(NoKeyring, match="ANDIRON_TOKEN"):
        store_token("shop", URL, SECRET)


def test_without_the_package_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert token("shop", URL) is None
    with pytest.raises(NoKeyring, match=r"andiron\[keyring\]"):
        delete_token("shop", URL)


@pytest.mark.requirement("CL-21")
def test_a_keyring_that_hangs_does_not_hold_up_the_start() -> None:
    backend = Hanging()
    keyring.set_keyring(backend)
    try:
        assert token("shop", URL, timeout=0.01) is None
        with pytest.raises(KeyringError, match=r"within 0\.01 s"):
            delete_token("shop", URL, timeout=0.01)
    finally:
        backend.go_on.set()
    assert token("shop", URL) == SECRET


@pytest.mark.requirement("CL-21")
def test_no_error_tells_the_token(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(0)
    keyring.set_keyring(Broken())
    assert token("shop", URL) is None
    with pytest.raises(KeyringError) as caught:
        store_token("shop", URL, SECRET)
    told = "".join(traceback.format_exception(caught.value))
    assert "RuntimeError" in str(caught.value)
    assert SECRET not in told + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:4318", "andiron http://127.0.0.1:4318"),
        ("HTTPS://user:secret@Host.example/path?x=1", "andiron https://host.example"),
        ("host.example", "andiron https://host.example"),
    ],
)
def test_the_place_of_a_server_has_no_credentials(url: str, name: str) -> None:
    assert place(url) == name
