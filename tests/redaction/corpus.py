"""The corpus, read: what every form of the rules must give for a text, a key, a stack trace."""

import tomllib
from pathlib import Path
from typing import Any

CORPUS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text("utf-8"))

FRAMES = (
    "{}",
    "{} at the end",
    "at the start {}",
    "the middle {} of it",
    "({})",
    "first line\n{}\nthird line",
    "\t{}\r\n",
    "Привет {} мир",
    "数据 {} 数据",
    "🔑 {} 🔒",
    "{} and {}",
)
"""What a piece is set into. None of them belongs to a pattern."""


def texts() -> dict[str, str]:
    """Every text and what it becomes."""
    framed = {
        frame.format(piece, piece): frame.format(becomes, becomes)
        for piece, becomes in CORPUS["pieces"]
        for frame in FRAMES
    }
    harmless = {
        frame.format(each, each): frame.format(each, each) for each in CORPUS["harmless"] for frame in FRAMES[:7]
    }
    return framed | dict(CORPUS["whole"]) | harmless


def keys() -> dict[str, str]:
    """Every key and what it says of its value."""
    return {key: kind for kind, listed in CORPUS["keys"].items() for key in listed}


def traces() -> dict[str, str]:
    """Stack traces and what they become."""
    return dict(CORPUS["traces"]["becomes"])
