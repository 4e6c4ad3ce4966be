"""`/docs`: the paths and what each takes, on a page that needs nothing from elsewhere. FastAPI's own fetches its scripts from the internet."""

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }}
  table {{ border-collapse: collapse }}
  th, td {{ text-align: left; vertical-align: top; padding: 0.4rem 1.5rem 0.4rem 0; border-bottom: 1px solid #8886 }}
</style>
<h1>{title}</h1>
<p>{summary} <a href="openapi.json">openapi.json</a> has all of it for programs, <a href="metrics">metrics</a> what is measured.</p>
<table>
<tr><th>path<th>does<th>takes
{rows}
</table>
"""


def install(app: FastAPI) -> None:
    """Serve it; for an application that was made without FastAPI's own."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        described = app.openapi()
        return HTMLResponse(
            PAGE.format(
                title=escape(described["info"]["title"]),
                summary=escape(described["info"]["summary"]),
                rows="\n".join(rows(described)),
            )
        )


def rows(described: dict[str, Any]) -> Iterator[str]:
    """One for each path and method."""
    for path, methods in described["paths"].items():
        for method, details in methods.items():
            taken = ", ".join(f"<code>{escape(each)}</code>" for each in takes(details, described))
            does = escape(details.get("description", ""))
            yield f"<tr><td><code>{method.upper()} {escape(path)}</code><td>{does}<td>{taken}"


def takes(details: dict[str, Any], described: dict[str, Any]) -> Iterator[str]:
    """Names of parameters, and of the fields of the body; an optional one has a question mark."""
    for each in details.get("parameters", ()):
        yield each["name"] if each.get("required") else f"{each['name']}?"
    for content in details.get("requestBody", {}).get("content", {}).values():
        body = described["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        for name in body["properties"]:
            yield name if name in body.get("required", ()) else f"{name}?"
