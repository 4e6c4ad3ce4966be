"""Reads Mermaid as far as the diagrams of the docs use it: brackets, quotes, blocks that end, edges between nodes that have a text.

It is no parser: what it passes, Mermaid may still refuse. What it refuses would show as a grey box with an error in the place of the diagram.
"""

import re

NODE = re.compile(
    r"(?P<id>[A-Za-z]\w*)(?P<shape>(?:\(\[|\[\(|\[|\(|\{)(?:\"[^\"]*\"|[^\"\[\](){}|]*)(?:\]\)|\)\]|\]|\)|\}))?"
)
PAIRS = {"([": "])", "[(": ")]", "[": "]", "(": ")", "{": "}"}
ARROW = re.compile(
    r"\s*(?:--\s+(?:\"[^\"]*\"|[^\"-]+?)\s+-->|-\.\s+(?:\"[^\"]*\"|[^\".]+?)\s+\.->|-->|-\.->|---|==>)\s*"
)
MESSAGE = re.compile(r"^(\w+)\s*(?:-->>|->>|-->|->|--\)|-\))\s*(\w+)\s*:\s*\S.*$")


def wrong(text: str) -> list[str]:
    """What is wrong with a diagram, a sentence each."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("%%")]
    if not lines:
        return ["it is empty"]
    if re.fullmatch(r"(?:flowchart|graph) (?:LR|RL|TB|TD|BT)", lines[0]):
        return flowchart(lines[1:])
    return (
        sequence(lines[1:])
        if lines[0] == "sequenceDiagram"
        else [f"{lines[0]!r} is no kind of diagram that the docs use"]
    )


def flowchart(lines: list[str]) -> list[str]:
    """A flow chart."""
    found: list[str] = []
    depth = 0
    told: set[str] = set()
    used: set[str] = set()
    for line in lines:
        if match := re.fullmatch(r"subgraph (\w+)(?:\s*\[\"[^\"]+\"\])?", line):
            depth += 1
            told.add(match[1])
        elif line == "end":
            depth -= 1
        elif not re.match(r"(?:direction|style|classDef|class|linkStyle)\b", line):
            found += edges(line, told, used)
        if depth < 0:
            return [*found, "an `end` ends nothing"]
    if depth:
        found.append(f"{depth} subgraphs have no `end`")
    return found + [f"the node {name!r} has no text" for name in sorted(used - told)]


def edges(line: str, told: set[str], used: set[str]) -> list[str]:
    """Nodes with arrows between them."""
    place, expects_node = 0, True
    while place < len(line):
        match = (NODE if expects_node else re.compile(rf"{ARROW.pattern}|\s*&\s*")).match(line, place)
        if not match or match.end() == place:
            return [f"{line!r} cannot be read from {line[place:]!r} on"]
        if expects_node:
            shape = match["shape"]
            used.add(match["id"])
            if shape:
                told.add(match["id"])
                opening = next(each for each in PAIRS if shape.startswith(each))
                if not shape.endswith(PAIRS[opening]):
                    return [f"{shape!r} ends with another bracket than it begins with"]
        place, expects_node = match.end(), not expects_node
    return [f"{line!r} ends with an arrow"] if expects_node else []


def sequence(lines: list[str]) -> list[str]:
    """A sequence of messages."""
    found: list[str] = []
    known: set[str] = set()
    for line in lines:
        if match := re.fullmatch(r"(?:participant|actor) (\w+)(?: as .+)?", line):
            known.add(match[1])
        elif message := MESSAGE.match(line):
            found += [f"{name!r} is no participant" for name in message.groups() if name not in known]
        elif not re.match(r"(?:Note|loop|alt|else|opt|end|activate|deactivate|autonumber|par|and)\b", line):
            found.append(f"{line!r} is no message")
    return found
