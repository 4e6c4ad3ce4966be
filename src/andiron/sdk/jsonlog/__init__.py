"""Log lines as JSON: one object a line, the same fields whichever library logged it."""

from andiron.sdk.jsonlog.entry import Entry, Failure
from andiron.sdk.jsonlog.line import JsonLines
from andiron.sdk.jsonlog.schema import log_line_schema, log_line_table

__all__ = ["Entry", "Failure", "JsonLines", "log_line_schema", "log_line_table"]
