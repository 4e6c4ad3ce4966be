"""The Markdown of the docs, read line by line: headings, code within text, blocks of code, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*(.*)$")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
ATTRIBUTE = re.compile(r"\b(?:src|srcset|href)=\"([^\"]+)\"")
ANCHOR = re.compile(r"<a (?:name|id)=\"([^\"]+)\"")


@dataclass(frozen=True)
class Piece:
    """A text of a page that was written for a machine: code within a line, or a line of a block, with the block's language."""

    text: str
    line: int
    language: str | None = None


@dataclass(frozen=True)
class Block:
    """A fenced block, whole."""

    language: str
    line: int
    text: str


@dataclass
class Document:
    """A page with what can be checked in it."""

    name: str
    path: Path
    code: list[Piece] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    links: list[Piece] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    sections: list[set[str]] = field(default_factory=lambda: [set()])
    """Of each section between two headings, what stands in it as code; its own and its parents' headings included."""

    @classmethod
    def read(cls, path: Path, root: Path) -> "Document":
        """The page at `path`."""
        page = cls(path.relative_to(root).as_posix(), path)
        fence, language, block, began = "", "", list[str](), 0
        above: list[tuple[int, set[str]]] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = FENCE.match(line)
            if fence:
                if found and found[1].startswith(fence) and not found[2]:
                    page.blocks.append(Block(language, began, "\n".join(block)))
                    fence = ""
                else:
                    block.append(line)
                    page.code.append(Piece(line.strip(), number, language))
            elif found:
                fence, language, block, began = found[1], found[2].strip(), [], number
            else:
                if heading := HEADING.match(line):
                    page.anchors.add(page.anchor(heading[2]))
                    above = [(depth, names) for depth, names in above if depth < len(heading[1])]
                    above.append((len(heading[1]), {code[2].strip() for code in CODE.finditer(heading[2])}))
                    page.sections.append({name for _, names in above for name in names})
                page.take(line, number)
        return page

    def take(self, line: str, number: int) -> None:
        """A line of text."""
        for code in CODE.finditer(line):
            self.code.append(Piece(code[2].strip(), number))
            self.sections[-1].add(code[2].strip())
        plain = CODE.sub("``", line)
        self.anchors.update(ANCHOR.findall(plain))
        self.links += [Piece(target, number) for target in (*LINK.findall(plain), *ATTRIBUTE.findall(plain))]

    def anchor(self, heading: str) -> str:
        """The anchor that GitHub gives to a heading; the second of the same name gets a number."""
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        slug = wanted = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 0
        while slug in self.anchors:
            number += 1
            slug = f"{wanted}-{number}"
        return slug


def documents(root: Path) -> Iterator[Document]:
    """The pages that say how things are. The changelog says how they were."""
    for path in (*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))):
        if path.name != "CHANGELOG.md":
            yield Document.read(path, root)
