"""ClickHouse's messages, for people."""

import re


def readable(text: str) -> str:
    """ClickHouse's message without its frame, its version and its stack, in at most 1,000 characters."""
    text = re.split(r"Stack trace|\n\s*0\. ", text, maxsplit=1)[0]
    text = re.sub(r"\s*\(version (?:[^()]|\([^()]*\))*\)", "", text)
    text = re.sub(r"^.*?Code: \d+\. (?:DB::\w*Exception: )?", "", text, count=1, flags=re.DOTALL).strip(" \n,")
    return text if len(text) <= 1000 else f"{text[:1000]} …"
