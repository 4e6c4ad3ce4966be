"""Write the forms that the rules of redaction have in other languages.

python scripts/redaction.py
"""

from pathlib import Path

from andiron.redaction.forms.javascript import javascript
from andiron.redaction.forms.sql import sql
from andiron.redaction.forms.vrl import vrl
from andiron.redaction.rules import rules

ROOT = Path(__file__).parent.parent
GENERATED = ROOT / "src" / "andiron" / "redaction" / "generated"
VECTOR = ROOT / "deploy" / "vector" / "redaction.vrl"


def forms() -> dict[Path, str]:
    """What each file must contain."""
    return {
        GENERATED / "redaction.sql": sql(rules()),
        GENERATED / "redaction.mjs": javascript(rules()),
        VECTOR: vrl(rules()),
    }


if __name__ == "__main__":
    for path, text in forms().items():
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))
