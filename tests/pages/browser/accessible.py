"""Whether everybody can use a page, as far as axe-core can tell: its serious and critical findings, in words."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[3] / "web" / "app" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
RUN = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


def findings(page: Page) -> list[str]:
    """What is wrong on `page`: the rule, the elements, and what mends them."""
    if not AXE.exists():
        raise FileNotFoundError(f"{AXE} is missing; `make pages` installs it.")
    # Through the debugger, as the page's policy allows no scripts but its own.
    session = page.context.new_cdp_session(page)
    try:
        evaluated(session, AXE.read_text(encoding="utf-8") + "\n;0")
        violations = evaluated(session, RUN)
    finally:
        session.detach()
    return [worded(violation) for violation in violations if violation["impact"] in GRAVE]


def evaluated(session: Any, expression: str) -> Any:
    """The value of an expression on the page."""
    answer = session.send(
        "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True, "timeout": 30_000}
    )
    if problem := answer.get("exceptionDetails"):
        raise RuntimeError(problem.get("exception", {}).get("description") or problem["text"])
    return answer["result"].get("value")


def worded(violation: dict[str, Any]) -> str:
    """A finding as one reads it."""
    places = "".join(
        f"\n  {' '.join(str(part) for part in node['target'])}\n    "
        + str(node.get("failureSummary", "")).replace("\n", "\n    ")
        for node in violation["nodes"][:5]
    )
    more = len(violation["nodes"]) - 5
    return f"{violation['id']} ({violation['impact']}): {violation['help']}{places}" + (
        f"\n  and {more} more" if more > 0 else ""
    )
