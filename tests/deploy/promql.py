"""Expressions as Prometheus would get them from Grafana, and the series that they name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from andiron.sdk.operations.names import MEASURES, label

ALL = {"job": ".+", "operation": ".+"}
"""What Grafana puts in the place of the variables while nothing is chosen."""
OF_PROMETHEUS = frozenset({"job", "instance", "le"})
QUESTION = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")


def substituted(expression: str, *, window: str = "5m", variables: Mapping[str, str] = ALL) -> str:
    """With Grafana's variables replaced as Grafana does."""
    for name, value in {"__rate_interval": window, "__range": window, **variables}.items():
        expression = expression.replace(f"${name}", value)
    assert "$" not in expression, f"an unknown variable: {expression}"
    return expression


def parsed(expression: str) -> Any:
    """By Prometheus' grammar; raises for what Prometheus would refuse."""
    return promql_parser.parse(expression)


def nodes(expression: Any) -> Iterator[Any]:
    """An expression and everything in it."""
    yield expression
    match expression:
        case AggregateExpr() | ParenExpr() | SubqueryExpr() | UnaryExpr():
            yield from nodes(expression.expr)
        case BinaryExpr():
            yield from nodes(expression.lhs)
            yield from nodes(expression.rhs)
        case Call():
            for argument in expression.args:
                yield from nodes(argument)
        case MatrixSelector():
            yield from nodes(expression.vector_selector)


def known() -> dict[str, frozenset[str]]:
    """Every series that the application makes, and the labels it may have."""
    found: dict[str, frozenset[str]] = {}
    for measure in MEASURES:
        labels = OF_PROMETHEUS | {label(attribute) for attribute in measure.attributes}
        forms = (measure.bucket, measure.count, measure.sum) if measure.kind == "histogram" else (measure.prometheus,)
        found |= dict.fromkeys(forms, labels)
    return found


def selectors(expression: Any) -> list[VectorSelector]:
    """The series that an expression is about."""
    return [node for node in nodes(expression) if isinstance(node, VectorSelector)]


def labelling(expression: Any) -> Iterator[VectorSelector]:
    """The series whose labels the answer has: those that others are only compared with on some labels have no say in it."""
    match expression:
        case VectorSelector():
            yield expression
        case BinaryExpr():
            yield from labelling(expression.lhs)
            if expression.modifier is None or expression.modifier.matching is None:
                yield from labelling(expression.rhs)
        case AggregateExpr() | ParenExpr() | SubqueryExpr() | UnaryExpr():
            yield from labelling(expression.expr)
        case Call():
            for argument in expression.args:
                yield from labelling(argument)
        case MatrixSelector():
            yield expression.vector_selector


def unknown(expression: str) -> list[str]:
    """Series that nobody makes, and labels that theirs cannot have; of an expression without variables."""
    series = known()
    found = []
    for node in nodes(parsed(expression)):
        if isinstance(node, VectorSelector):
            if node.name not in series:
                found.append(f"{node.name} is no series of ours")
            used = {matcher.name for matcher in node.matchers.matchers}
            about = [node]
        elif isinstance(node, AggregateExpr) and node.modifier is not None:
            used, about = set(node.modifier.labels), list(labelling(node.expr))
        elif isinstance(node, BinaryExpr) and node.modifier is not None and node.modifier.matching is not None:
            used, about = set(node.modifier.matching.labels), [*labelling(node.lhs), *labelling(node.rhs)]
        else:
            continue
        found += [f"{each.name} has no {name}" for each in about for name in used - series.get(str(each.name), used)]
    return found
