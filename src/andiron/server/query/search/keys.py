"""The keys that a search knows by name: columns of `records_all`, shorter names for them, and what `is:` and `has:` ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "prose", "level", "duration", "number", "bool", "time", "day", "list", "json", "kind", "status"]

RESOURCE, ATTRIBUTES = "resource.", "attributes."


@dataclass(frozen=True)
class Key:
    """A column as a search sees it."""

    column: str
    type: Type = "text"
    sure: bool = False
    """Whether it is never NULL."""


COLUMNS: Mapping[str, Key] = {
    key.column: key
    for key in (
        Key("kind", "kind", sure=True),
        Key("start_timestamp", "time", sure=True),
        Key("end_timestamp", "time", sure=True),
        Key("created_at", "time", sure=True),
        Key("day", "day", sure=True),
        Key("duration", "duration"),
        Key("trace_id", sure=True),
        Key("span_id", sure=True),
        Key("parent_span_id"),
        Key("span_name", sure=True),
        Key("message", "prose", sure=True),
        Key("level", "level", sure=True),
        Key("tags", "list", sure=True),
        Key("service_name", sure=True),
        Key("is_exception", "bool", sure=True),
        Key("exception_type"),
        Key("exception_message", "prose"),
        Key("exception_stacktrace", "prose"),
        Key("attributes", "json", sure=True),
        Key("attributes_json_schema", "json"),
        Key("log_body", "prose"),
        Key("otel_status_code"),
        Key("otel_status_message", "prose"),
        Key("otel_events", "json", sure=True),
        Key("otel_links", "json", sure=True),
        Key("otel_scope_name"),
        Key("otel_scope_version"),
        Key("otel_scope_attributes", "json", sure=True),
        Key("otel_resource_attributes", "json", sure=True),
        Key("service_namespace"),
        Key("service_version"),
        Key("service_instance_id"),
        Key("process_pid", "number"),
        Key("telemetry_sdk_name"),
        Key("telemetry_sdk_language"),
        Key("telemetry_sdk_version"),
        Key("deployment_environment"),
        Key("http_method"),
        Key("http_route"),
        Key("http_response_status_code", "status"),
        Key("url_full"),
        Key("url_path"),
        Key("url_query"),
        Key("project_id", sure=True),
    )
}

ALIASES: Mapping[str, str] = {
    "service": "service_name",
    "name": "span_name",
    "span": "span_name",
    "body": "log_body",
    "env": "deployment_environment",
    "environment": "deployment_environment",
    "scope": "otel_scope_name",
    "logger": "otel_scope_name",
    "tag": "tags",
    "status": "http_response_status_code",
    "code": "http_response_status_code",
    "method": "http_method",
    "route": "http_route",
    "path": "url_path",
    "url": "url_full",
    "trace": "trace_id",
    "id": "span_id",
    "parent": "parent_span_id",
    "exception": "exception_type",
    "error.type": "exception_type",
    "stacktrace": "exception_stacktrace",
    "version": "service_version",
    "pid": "process_pid",
    "events": "otel_events",
    "links": "otel_links",
}

PLACES: Mapping[str, tuple[str, ...]] = {
    "host": ("resource.host.name",),
    "user": ("attributes.user.id", "attributes.user.name", "attributes.user.email", "attributes.enduser.id"),
}
"""Names for attributes; where there are several, any of them will do."""

LEVELS: Mapping[str, tuple[int, int]] = {
    "trace": (0, 5), "debug": (5, 9), "info": (9, 10), "notice": (10, 13), "warn": (13, 17), "error": (17, 21), "fatal": (21, 25),
}  # fmt: skip
"""From, and up to; info is 11 and 12 besides."""
LEVEL_NAMES: Mapping[str, str] = {"warning": "warn", "err": "error", "critical": "fatal", "information": "info"}

KINDS: Mapping[str, str] = {
    "span": "span",
    "log": "log",
    "span_event": "span_event",
    "event": "span_event",
    "pending_span": "pending_span",
    "pending": "pending_span",
}

IS: Mapping[str, str] = {
    "error": "level >= 'error'",
    "exception": "is_exception",
    "pending": "kind = 'pending_span'",
    "root": "kind IN ('span', 'pending_span') AND parent_span_id IS NULL",
    "span": "kind = 'span'",
    "log": "kind = 'log'",
    "event": "kind = 'span_event'",
}
"""What `is:` asks; none of it is ever NULL."""

HAS: Mapping[str, str] = {
    "exception": "is_exception",
    "parent": "parent_span_id IS NOT NULL",
    "events": "otel_events <> '[]'",
    "links": "otel_links <> '[]'",
    "tags": "tags IS NOT NULL",
    "tag": "tags IS NOT NULL",
}

OF_RESOURCE = (
    "service.", "host.", "process.", "os.", "container.", "k8s.", "cloud.", "deployment.", "telemetry.", "faas.", "device.",
    "webengine.", "aws.", "gcp.", "azure.", "heroku.", "vcs.",
)  # fmt: skip
"""How the conventions have keys of resources begin."""


class ConventionalResource:
    """The keys of resources by the conventions, for who has not looked at the data."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.startswith(OF_RESOURCE)


def known(name: str) -> bool:
    """Whether everybody knows this key."""
    name = name.lower()
    return name in COLUMNS or name in ALIASES or name in PLACES or name in {"is", "has"}


def names() -> list[str]:
    """All keys that are known."""
    return sorted({*COLUMNS, *ALIASES, *PLACES, "is", "has"})


def column(name: str) -> Key | None:
    """The column that a key stands for."""
    name = name.lower()
    return COLUMNS.get(ALIASES.get(name, name))
