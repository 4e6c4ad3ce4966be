"""Expressions in LogQL: what the panels ask of Loki, which keeps OTLP's attributes as structured metadata with dots made underscores."""

from opentelemetry.semconv.attributes.exception_attributes import EXCEPTION_STACKTRACE, EXCEPTION_TYPE

from andiron.sdk.jsonlog.entry import SEVERITIES
from andiron.sdk.operations import names
from andiron.sdk.operations.names import label

SERVICE = "service_name"
"""The stream: what Loki has an index of."""
LEVEL = "severity_text"
TRACE = "trace_id"
# What OTLP itself gives a record, beside its attributes.
OF_RECORD = (SERVICE, LEVEL, TRACE)

OPERATION = label(names.OPERATION)
OUTCOME = label(names.OUTCOME)
ERROR_TYPE = label(EXCEPTION_TYPE)
STACKTRACE = label(EXCEPTION_STACKTRACE)
OF_ATTRIBUTES = (OPERATION, OUTCOME, ERROR_TYPE, STACKTRACE)

# The numbers are OTLP's: a name for each four.
ERRORS = (SEVERITIES[17], SEVERITIES[21])

STREAM = f'{{{SERVICE}=~"$job"}}'


def containing(variable: str) -> str:
    """Lines with the text that somebody typed in; all of them while nobody did. Backticks, so that it may hold quotes."""
    return f"|= `${variable}`"


def stream() -> str:
    """Everything that the services wrote."""
    return f"{STREAM} {containing('search')}"


def levels() -> str:
    """How many lines of each level in the time that is shown."""
    return f"sum by ({LEVEL}) (count_over_time({STREAM} [$__range]))"


def of_trace() -> str:
    """What was written in one trace. The second condition: without a trace, nothing rather than all that has none."""
    return f"{STREAM} | {TRACE}=`$trace` | {TRACE}!=``"


def errors() -> str:
    """Errors, each with the stack that it came from."""
    return f'{STREAM} | {LEVEL}=~"{"|".join(ERRORS)}" | line_format "{{{{ __line__ }}}}\\n{{{{ .{STACKTRACE} }}}}"'


def of_operations() -> str:
    """What the chosen operations wrote, by how they ended."""
    return f'{STREAM} | {OPERATION}=~"$operation" | {OUTCOME}=~"$outcome" {containing("search")}'
