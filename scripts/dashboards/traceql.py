"""Expressions in TraceQL: what the panels ask of Tempo."""

from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME

from andiron.sdk.operations import names

ATTRIBUTES = (names.OPERATION, names.OUTCOME, names.ERROR_TYPE, names.RESOURCE_TYPE)
"""What the table of attributes shows of a span."""

# Several values of a variable become alternatives: `:pipe`.
OF_JOB = f'resource.{SERVICE_NAME}=~"${{job:pipe}}"'
OF_OPERATION = f'span.{names.OPERATION}=~"${{operation:pipe}}"'


def one() -> str:
    """The trace of that id: Tempo takes the bare id."""
    return "$trace"


def search() -> str:
    """Traces in which a chosen operation ran for longer than what was typed in."""
    return f"{{ {OF_JOB} && {OF_OPERATION} && duration > $longer }}"


def spans() -> str:
    """Spans of the chosen operations, with their attributes."""
    return f"{{ {OF_JOB} && {OF_OPERATION} }} | select({', '.join(f'span.{name}' for name in ATTRIBUTES)})"
