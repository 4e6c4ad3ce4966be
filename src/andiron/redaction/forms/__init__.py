"""The rules in other languages. Each module writes one form; `python scripts/redaction.py` writes them all to their files."""
