"""Redaction of a whole OTLP request, in place: for metrics, and wherever a request arrives ready-made."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from andiron.redaction.redact import SECRET, Kind, Redactor

TEXTS = frozenset({"name", "message", "description"})
"""Fields with text of the application's own: names of spans, events, scopes and metrics, the message of a status."""
ATTRIBUTES = frozenset({"attributes", "filtered_attributes"})


def payload(message: Message, redactor: Redactor) -> None:
    """Redact `message`, an export request or any part of one."""
    for descriptor, value in message.ListFields():
        name = descriptor.name
        if name in ATTRIBUTES:
            attributes(value, redactor)
        elif name == "body":
            any_value(value, redactor, Kind.PLAIN)
        elif name in TEXTS and isinstance(value, str):
            setattr(message, name, redactor.text(value))
        elif descriptor.message_type is not None:
            for each in (value,) if isinstance(value, Message) else value:
                payload(each, redactor)


def attributes(pairs: Any, redactor: Redactor) -> None:
    """Redact a repeated field of key and value; what is dropped leaves it."""
    kinds = [redactor.kind(pair.key) for pair in pairs]
    if Kind.DROPPED in kinds:
        kept = [pair for pair, kind in zip(pairs, kinds, strict=True) if kind is not Kind.DROPPED]
        copies = [type(pair).FromString(pair.SerializeToString()) for pair in kept]
        del pairs[:]
        pairs.extend(copies)
        kinds = [kind for kind in kinds if kind is not Kind.DROPPED]
    pairs_as(pairs, kinds, redactor)


def pairs_as(pairs: Iterable[Any], kinds: Iterable[Kind], redactor: Redactor) -> None:
    """Redact the values of pairs, whose kinds are known."""
    for pair, kind in zip(pairs, kinds, strict=True):
        any_value(pair.value, redactor, kind)


def any_value(value: Any, redactor: Redactor, kind: Kind) -> None:
    """Redact an `AnyValue`."""
    held = value.WhichOneof("value")
    if kind is Kind.KEPT or held in {None, "bool_value"}:
        return
    if kind is Kind.MASKED:
        if value.string_value or held != "string_value":
            value.string_value = SECRET
    elif held == "string_value":
        clean = redactor.stacktrace if kind is Kind.PATH else redactor.text
        value.string_value = clean(value.string_value)
    elif held == "array_value":
        for each in value.array_value.values:
            any_value(each, redactor, kind)
    elif held == "kvlist_value":
        pairs = value.kvlist_value.values
        pairs_as(pairs, [redactor.kind_within(pair.key, kind) for pair in pairs], redactor)
