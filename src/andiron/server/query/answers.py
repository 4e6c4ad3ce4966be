"""Answers in the forms that clients ask for, made from ClickHouse's bytes with as little Python a row as can be."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["json", "ndjson", "csv", "arrow", "parquet", "v1-rows", "v1-columns"]

MEDIA = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "v1-rows": "application/json",
    "v1-columns": "application/json",
}
FORMATS = {"csv": "CSVWithNames", "arrow": "ArrowStream", "parquet": "Parquet"}

SIMPLE = {
    "String": "Utf8", "Bool": "Boolean", "UUID": "Utf8", "IPv4": "Utf8", "IPv6": "Utf8", "Float32": "Float32", "Float64": "Float64",
    "Date": "Date32", "Date32": "Date32", "Nothing": "Null", "DateTime": {"Timestamp": ["Second", "UTC"]},
    **{f"{sign}Int{bits}": f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}  # fmt: skip
PRECISION = {"0": "Second", "3": "Millisecond", "6": "Microsecond", "9": "Nanosecond"}


@dataclass(frozen=True)
class Answer:
    """A body and what it is."""

    body: bytes
    form: Form

    @property
    def media_type(self) -> str:
        """Its MIME type."""
        return MEDIA[self.form]


@dataclass(frozen=True)
class Table:
    """An answer of ClickHouse in its format JSON, taken apart: what the columns are, and the rows still as bytes."""

    fields: list[dict[str, Any]]
    rows: bytes
    count: int

    @classmethod
    def read(cls, body: bytes, marker: str) -> "Table":
        """Split the answer. ClickHouse's line breaks stand only between values, never in them."""
        head, _, rest = body.partition(b'\n\t"data":\n\t[')
        rows, _, tail = rest.rpartition(b'\n\n\t"rows": ')
        meta = json.loads(head.rstrip().rstrip(b",") + b"}")["meta"]
        rows = rows.rstrip().rstrip(b",").rstrip().removesuffix(b"]").translate(None, b"\n\t")
        if marker and rows:
            rows = unveiled(rows, marker)
        count = int(re.match(rb"\d+", tail)[0]) if tail else 0  # type: ignore[index]  # ClickHouse writes it always
        return cls([field(column["name"], column["type"]) for column in meta], rows, count)

    def json(self, *, schema: bool, plans: dict[str, str]) -> bytes:
        """The answer of `/v2/query`."""
        parts = []
        if schema:
            parts.append(b'"schema":' + compact({"fields": self.fields, "metadata": {}}))
        parts.append(b'"data":[' + self.rows + b"]")
        parts += [compact(name) + b":" + compact(plan) for name, plan in plans.items()]
        return b"{" + b",".join(parts) + b"}"

    def ndjson(self, *, schema: bool, plans: dict[str, str]) -> bytes:
        """The same as messages, one a line."""
        lines = []
        if schema:
            lines.append(compact({"type": "schema", "schema": {"fields": self.fields, "metadata": {}}}))
        if plans:
            lines.append(compact({"type": "explain", **plans}))
        lines.append(b'{"type":"data","rows":[' + self.rows + b"]}")
        lines.append(compact({"type": "end", "row_count": self.count}))
        return b"\n".join(lines) + b"\n"

    def v1(self, *, by_rows: bool) -> bytes:
        """The answer of `/v1/query`."""
        columns = [
            {"name": f["name"], "datatype": lean(f["data_type"]), "nullable": f["nullable"]} for f in self.fields
        ]
        if by_rows:
            return b'{"columns":' + compact(columns) + b',"rows":[' + self.rows + b"]}"
        rows = json.loads(b"[" + self.rows + b"]")
        for column in columns:
            column["values"] = [row[column["name"]] for row in rows]
        return compact({"columns": columns})


def unveiled(rows: bytes, marker: str) -> bytes:
    """Cells that open with the marker hold JSON as text: put the JSON itself in their place.

    The marker is random for each query, so no stored text can pass for one.
    """
    cell = re.compile(rb'"' + marker.encode() + rb'((?:[^"\\]|\\.)*)"')
    return cell.sub(lambda found: json.loads(b'"' + found[1] + b'"').encode(), rows)


def compact(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def field(name: str, type_: str) -> dict[str, Any]:
    """A column in Arrow's terms, as Logfire writes them."""
    data_type, nullable = arrow_type(type_)
    return {"name": name, "data_type": data_type, "nullable": nullable}


def arrow_type(type_: str) -> tuple[Any, bool]:
    """The Arrow type of one of ClickHouse's, and whether it may be NULL."""
    outer, _, inner = type_.partition("(")
    inner = inner.removesuffix(")")
    match outer:
        case "Nullable":
            return arrow_type(inner)[0], True
        case "LowCardinality" | "SimpleAggregateFunction":
            return arrow_type(inner.rpartition(", ")[2] if outer.startswith("Simple") else inner)
        case "Array":
            item = {"name": "item", "data_type": arrow_type(inner)[0], "nullable": True}
            return {"List": {**item, "dict_id": 0, "dict_is_ordered": False, "metadata": {}}}, True
        case "DateTime64":
            precision, _, zone = inner.partition(", ")
            return {
                "Timestamp": [
                    PRECISION.get(precision, "Nanosecond"),
                    "UTC" if zone in {"", "'UTC'"} else zone.strip("'"),
                ]
            }, False
        case "Decimal":
            digits, _, scale = inner.partition(", ")
            return {"Decimal128": [int(digits), int(scale or 0)]}, False
        case _:
            return SIMPLE.get(outer, "Utf8"), False


def lean(data_type: Any) -> Any:
    """A type without what the older interface did not have."""
    if isinstance(data_type, dict) and "List" in data_type:
        item = data_type["List"]
        return {"List": {"name": item["name"], "datatype": lean(item["data_type"]), "nullable": item["nullable"]}}
    return data_type
