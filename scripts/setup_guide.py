"""Keeps the generated part of docs/observability-setup.md, between its marks, as the code has it: the variables of `init_observability`."""

import re
from collections.abc import Iterator
from pathlib import Path

from andiron.sdk.operations.settings import ObservabilitySettings, variables

GUIDE = Path(__file__).parent.parent / "docs" / "observability-setup.md"
BEGIN, END = "<!-- generated: variables -->\n", "<!-- end -->"
HEAD = "| variable | also read | default | meaning |\n|---|---|---|---|\n"


def page() -> str:
    """The guide with its table anew."""
    text = GUIDE.read_text(encoding="utf-8")
    return re.sub(
        f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", lambda _: HEAD + "".join(rows()), text, flags=re.DOTALL
    )


def rows() -> Iterator[str]:
    """A line for each setting."""
    for name, field in ObservabilitySettings.model_fields.items():
        own, *others = variables(name)
        value = field.get_default(call_default_factory=True)
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        cells = [
            f"`{own}`",
            ", ".join(f"`{other}`" for other in others),
            f"`{shown}`" if shown else "",
            field.description or "",
        ]
        yield f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    GUIDE.write_text(page(), encoding="utf-8")
