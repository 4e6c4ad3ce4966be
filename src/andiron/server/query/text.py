"""`mentions('text')` and `mentions_id('text')`: text looked for wherever a record says something, in the columns behind `records`.

Written for each branch by itself: as a condition on the columns of the relation, the bodies of logs would be read as the message
and as the body, and everything else that can be NULL as well (two million logs and spans: 0.9 s instead of 0.3).
"""

import re

from sqlglot import exp

from andiron.server.query.mentions import Mention, Mentions, sources
from andiron.server.query.problems import refused
from andiron.server.store.quoting import literal

EXCEPTION = "{0}['exception.type'] ILIKE {p} OR {0}['exception.message'] ILIKE {p}"
SPAN = "SpanName ILIKE {p} OR Message ILIKE {p} OR StatusMessage ILIKE {p}"
PLACES = {
    "span": f"{SPAN} OR {EXCEPTION.replace('{0}', '_exception')}",
    "span_event": "_event ILIKE {p}",
    "log": f"Body ILIKE {{p}} OR Message ILIKE {{p}} OR EventName ILIKE {{p}} OR {EXCEPTION.replace('{0}', 'LogAttributes')}",
    "pending_span": SPAN,
}
"""Where each branch has text."""

# The ids of spans are looked up first, by the index of values: OR would have every attribute read (0.76 s instead of 0.1).
WITH_VALUE = "SpanId IN (SELECT SpanId FROM ${{db}}.{0} WHERE has(mapValues(SpanAttributes), {{x}}))"
VALUES = PLACES | {
    "span": f"{WITH_VALUE.format('otel_traces')} OR {PLACES['span']}",
    "log": "hasAllTokens(lower(Body), lower({x})) OR has(mapValues(LogAttributes), {x})",
    "pending_span": f"{WITH_VALUE.format('pending_spans')} OR {SPAN}",
}
"""The same for what is told apart by it, as an id or an address: whole, and as the value of an attribute."""


class Text:
    """Writes those calls."""

    def __init__(self, mentions: Mentions) -> None:
        self._mentions = mentions

    def everywhere(self, name: str, node: exp.Expr) -> exp.Expr:
        """The column that says whether a record mentions the text."""
        argument = node.expressions[0].unnest() if len(node.expressions) == 1 else None
        if not isinstance(argument, exp.Literal) or not argument.is_string or not argument.name:
            raise refused(f"{name}() needs a text, as in {name}('timeout').")
        if name == "mentions_id" and not re.search(r"[^\W_]", argument.name, re.ASCII):
            name = "mentions"
        owner = self._owner(node, name)
        escaped = re.sub(r"([\\%_])", r"\\\1", argument.name)
        pattern, value = literal(f"%{escaped}%"), literal(argument.name)
        places = VALUES if name == "mentions_id" else PLACES
        written = {
            kind: f"({re.sub('{([px])}', lambda place: pattern if place[1] == 'p' else value, text)})"
            for kind, text in places.items()
        }
        return exp.column(owner.step(written, "m"), table=exp.to_identifier(owner.name, quoted=True), quoted=True)

    def _owner(self, node: exp.Expr, name: str) -> Mention:
        """The one relation of records that the query around the call reads."""
        select = node.find_ancestor(exp.Select)
        found = [self._mentions.of(source) for _, source in sources(select)] if select is not None else []
        having = [mention for mention in found if mention is not None and mention.relation.name != "metrics"]
        if len(having) != 1:
            raise refused(
                f"{name}() looks through records: use it where a query reads FROM records or records_all, and only once from it."
            )
        return having[0]
