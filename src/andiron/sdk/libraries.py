"""How each library is switched on and off. Logfire's `instrument_*` do the work, over OpenTelemetry's instrumentors;
what those leave to the caller is here: not twice, not more than was asked for, and off again.
"""

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet, WeakValueDictionary

if TYPE_CHECKING:
    from logfire import Logfire

CONVENTIONS = "OTEL_SEMCONV_STABILITY_OPT_IN"


class Library:
    """A library that is traced as a whole or not at all."""

    def __init__(self, name: str, *, module: str = "", instrumentors: Iterable[str] = ()) -> None:
        self.name = name
        self.module = module or name
        """What the application imports."""
        self.waits = True
        """Whether it is time enough at the library's import."""
        self.paths = tuple(instrumentors)
        """Modules below `opentelemetry.instrumentation` and the classes therein: `httpx:HTTPXClientInstrumentor`."""

    def missing(self) -> str:
        """What is not installed, as a sentence with the cure; empty when nothing is."""
        if not present(self.module):
            return f"{self.module} is not installed"
        for path in self.paths[:1]:
            if not present(f"opentelemetry.instrumentation.{path.partition(':')[0]}"):
                return f"its instrumentation is not installed: pip install 'logfire[{self.name}]'"
        return ""

    def instrumentors(self) -> Iterator[Any]:
        """OpenTelemetry's switches; each is one object per process."""
        for path in self.paths:
            module, _, name = path.partition(":")
            with contextlib.suppress(AttributeError):  # Older instrumentations know fewer libraries.
                yield getattr(importlib.import_module(f"opentelemetry.instrumentation.{module}"), name)()

    def is_on(self) -> bool:
        """Whether all of it is traced, by whomever."""
        return any(each.is_instrumented_by_opentelemetry for each in self.instrumentors())

    def on(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        """Trace all of it."""
        if not self.is_on():
            self.begin(logfire, {"raise_exception_on_conflict": True, **options} if self.paths else options)

    def begin(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        """Call Logfire."""
        getattr(logfire, f"instrument_{self.name}")(**options)

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:  # noqa: ARG002 - others use it
        """Trace these objects only."""
        raise TypeError(f"{self.name} takes True, False or its options, not {objects[0]!r}")

    def off(self) -> None:
        """Trace nothing of it any more."""
        for each in self.instrumentors():
            if each.is_instrumented_by_opentelemetry:
                each.uninstrument()


class Httpx(Library):
    """Clients of httpx: all that use its own transport, or single ones whatever they use."""

    def __init__(self) -> None:
        super().__init__("httpx", instrumentors=["httpx:HTTPXClientInstrumentor", "httpx:HTTPX2ClientInstrumentor"])
        self.waits = False  # The exporter imports it before long, maybe on its way out.
        self._clients: WeakSet[Any] = WeakSet()

    def begin(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        for client in list(self._clients):
            if self._covered(client):  # It would give two spans a request.
                self._release(client)
        super().begin(logfire, options)

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:
        for client in objects:
            if client not in self._clients and not (self.is_on() and self._covered(client)):
                logfire.instrument_httpx(client)
                self._clients.add(client)

    def off(self) -> None:
        for client in list(self._clients):
            self._release(client)
        super().off()

    def _release(self, client: Any) -> None:
        next(self.instrumentors()).uninstrument_client(client)
        # It leaves the bare method on the transport itself, where it would hide what is done to the class.
        for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - as below
            for method in ("handle_request", "handle_async_request"):
                getattr(transport, "__dict__", {}).pop(method, None)
        self._clients.discard(client)

    @staticmethod
    def _covered(client: Any) -> bool:
        """Whether tracing all clients traces this one: it does so in httpx's own transports."""
        transport = type(client._transport)  # noqa: SLF001 - httpx has no other way to ask
        return transport.__name__ in ("HTTPTransport", "AsyncHTTPTransport")


class SqlAlchemy(Library):
    """Engines of SQLAlchemy, sync and async: all, those there are already included, or single ones."""

    unchecked: ClassVar[dict[str, Any]] = {"skip_dep_check": True}
    """The instrumentor (0.66b1) claims not to know SQLAlchemy 2.1 and traces it all the same: our tests run both."""

    def __init__(self) -> None:
        super().__init__("sqlalchemy", instrumentors=["sqlalchemy:SQLAlchemyInstrumentor"])
        self._engines: WeakSet[Any] = WeakSet()

    def is_on(self) -> bool:
        return super().is_on() and not self._engines

    def begin(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        self.off()
        super().begin(logfire, {**self.unchecked, "engines": live_engines(), **options})

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:
        from opentelemetry.instrumentation.utils import unwrap

        engines = {getattr(engine, "sync_engine", engine) for engine in objects}
        if self.is_on() or engines <= set(self._engines):
            return
        engines |= set(self._engines)
        self.off()
        logfire.instrument_sqlalchemy(engines=list(engines), **self.unchecked)
        self._engines.update(engines)
        # The instrumentor also traces every engine made from here on. Whoever names engines means these.
        for place in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.create"):
            unwrap(sys.modules[place], "create_engine")
        unwrap(sys.modules["sqlalchemy.ext.asyncio"], "create_async_engine")
        unwrap(sys.modules["sqlalchemy.engine"].Engine, "connect")

    def off(self) -> None:
        super().off()
        self._engines.clear()


class Pydantic(Library):
    """Validations of models that are defined while it is on: pydantic builds the tracing into a model."""

    def __init__(self) -> None:
        super().__init__("pydantic")
        self.waits = False
        self._is_on = False

    def is_on(self) -> bool:
        return self._is_on

    def begin(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        logfire.instrument_pydantic(**options)
        self._is_on = True

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:
        if not isinstance(objects[0], str):
            super().each(logfire, objects)
        self.off()
        self.begin(logfire, {"record": objects[0]})

    def off(self) -> None:
        if self._is_on:
            from logfire.integrations.pydantic import set_pydantic_plugin_config

            set_pydantic_plugin_config(None)
            self._is_on = False


class PydanticAi(Library):
    """Agents of pydantic-ai: all, or single ones."""

    def __init__(self) -> None:
        super().__init__("pydantic_ai")
        self._agents: WeakValueDictionary[int, Any] = WeakValueDictionary()

    def is_on(self) -> bool:
        from pydantic_ai import Agent

        return bool(Agent._instrument_default)  # noqa: SLF001 - pydantic-ai has no other way to ask

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:
        for agent in objects:
            logfire.instrument_pydantic_ai(agent)
            self._agents[id(agent)] = agent  # They have no hash.

    def off(self) -> None:
        from pydantic_ai import Agent

        Agent.instrument_all(instrument=False)
        for agent in self._agents.values():
            agent.instrument = None
        self._agents.clear()


class Psycopg(Library):
    """Connections of psycopg: all that are made from now on, or single ones."""

    def __init__(self) -> None:
        super().__init__("psycopg", instrumentors=["psycopg:PsycopgInstrumentor"])
        self._connections: WeakSet[Any] = WeakSet()

    def begin(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        logfire.instrument_psycopg("psycopg", **options)

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:
        for connection in objects:
            if connection not in self._connections:
                logfire.instrument_psycopg(connection)
                self._connections.add(connection)

    def off(self) -> None:
        for connection in self._connections:
            next(self.instrumentors()).uninstrument_connection(connection)
        self._connections.clear()
        super().off()


class Other(Library):
    """Anything else that Logfire has an `instrument_*` for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.waits = False
        self._is_on = False
        self._undo: Any = None

    def missing(self) -> str:
        return ""  # Logfire says it better.

    def is_on(self) -> bool:
        return self._is_on

    def begin(self, logfire: "Logfire", options: Mapping[str, Any]) -> None:
        method = getattr(logfire, f"instrument_{self.name}")
        self._undo = method(**options)
        self._is_on = True

    def each(self, logfire: "Logfire", objects: list[Any]) -> None:
        for each in objects:
            getattr(logfire, f"instrument_{self.name}")(each)

    def off(self) -> None:
        # Some give a context manager whose end takes everything back; OpenTelemetry's instrumentors keep a switch.
        if hasattr(self._undo, "__exit__"):
            self._undo.__exit__(None, None, None)
        module = sys.modules.get(f"opentelemetry.instrumentation.{self.name}")
        for kind in vars(module).values() if module else ():
            if isinstance(kind, type) and getattr(kind, "_is_instrumented_by_opentelemetry", False):
                kind().uninstrument()
        self._undo, self._is_on = None, False


@contextlib.contextmanager
def conventions() -> Iterator[None]:
    """The names of attributes, unless the application chose: HTTP's stable ones; a database's stable ones beside the older
    `db.system` and `db.statement`, which dashboards still ask for. The first instrumentor reads the variable for all.
    """
    chosen = os.environ.get(CONVENTIONS)
    os.environ[CONVENTIONS] = "http,database/dup" if chosen is None else chosen
    try:
        yield
    finally:
        if chosen is None:
            del os.environ[CONVENTIONS]


def present(module: str) -> bool:
    """Whether a module is loaded or could be."""
    if module in sys.modules:
        return sys.modules[module] is not None
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def live_engines() -> list[Any]:
    """Engines that were made before tracing began. About 10 ms for a hundred thousand objects, once."""
    engine = sys.modules["sqlalchemy.engine"].Engine
    return [each for each in gc.get_objects() if type(each) is engine]


def known() -> dict[str, Library]:
    """The libraries that have a switch of their own."""
    libraries = [
        Library("requests", instrumentors=["requests:RequestsInstrumentor"]),
        Httpx(),
        SqlAlchemy(),
        Pydantic(),
        PydanticAi(),
        Library("asyncpg", instrumentors=["asyncpg:AsyncPGInstrumentor"]),
        Psycopg(),
        Library("redis", instrumentors=["redis:RedisInstrumentor"]),
        Library("celery", instrumentors=["celery:CeleryInstrumentor"]),
    ]
    return {library.name: library for library in libraries}
