"""Finds the template of the route that answered a request, such as `/items/{id}`, from what the router left in the scope.

Routers leave the route (FastAPI, newer Starlettes) or its endpoint (older ones), which know neither the mounts nor the prefixes of included routers above
them. So the tree of routes is read once, and each route and endpoint remembered with its whole template.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from andiron.sdk.request_id import Scope

PARAMETER = re.compile(r"{(\w+)(:\w+)?}")
FOREIGN = 1000
"""Unknown endpoints after which no new one is looked for: somebody makes one a request."""


class Routes:
    """The templates of an application; of one without routes, there are none."""

    def __init__(self, app: Any) -> None:
        self._app = app
        # By address: routes need not be hashable. Their owners are kept, so that each address stays its own.
        self._known: dict[int, list[tuple[str, re.Pattern[str]]]] = {}
        self._owners: list[object] = []
        self._foreign: dict[int, object] = {}

    def template(self, scope: Scope) -> str | None:
        """The template of the route that took the request of this scope; None where none did."""
        route = scope.get("route")
        if route is None:
            route = scope.get("endpoint")
            if route is None:
                return None
        root = scope.get("app_root_path")
        if root is None:
            root = scope.get("root_path", "")
        candidates = self._known.get(id(route)) or self._look_again(route)
        if len(candidates) == 1:
            template = candidates[0][0]
        elif candidates:
            path = scope["path"]
            path = path[len(root) :] if root and path.startswith(root) else path
            found = next((template for template, pattern in candidates if pattern.fullmatch(path)), None)
            if found is None:
                return None
            template = found
        else:
            own = getattr(route, "path_format", None)
            if not isinstance(own, str):
                return None
            template = own
        return root.rstrip("/") + template if root else template

    def _look_again(self, route: object) -> list[tuple[str, re.Pattern[str]]]:
        """Routes may be added while the application runs; what stays unknown (another framework's) is not sought twice."""
        if id(route) in self._foreign or len(self._foreign) >= FOREIGN:
            return []
        known: dict[int, list[tuple[str, re.Pattern[str]]]] = {}
        owners: list[object] = []
        for owner, template in walk(self._app, ""):
            owners.append(owner)
            places = known.setdefault(id(owner), [])
            if all(template != other for other, _ in places):
                places.append((template, pattern(template)))
        self._known, self._owners = known, owners
        if id(route) not in known:
            self._foreign[id(route)] = route
        return known.get(id(route), [])


def pattern(template: str) -> re.Pattern[str]:
    """What a path of this template looks like."""
    parts: list[str] = []
    end = 0
    for match in PARAMETER.finditer(template):
        parts += [re.escape(template[end : match.start()]), ".*" if match[1] == "path" else "[^/]+"]
        end = match.end()
    return re.compile("".join([*parts, re.escape(template[end:])]))


def routes_of(app: Any) -> Iterable[Any]:
    """The routes of an application, or of the one that it wraps."""
    while app is not None:
        routes = getattr(app, "routes", None)
        if routes is not None:
            return routes if isinstance(routes, Iterable) else ()
        app = getattr(app, "app", None)
    return ()


def walk(app: Any, prefix: str) -> Iterator[tuple[object, str]]:
    """Each route and endpoint with its template, mounts and included routers resolved."""
    for route in routes_of(app):
        yield from places(route, prefix)


def places(route: Any, prefix: str) -> Iterator[tuple[object, str]]:
    """What one route answers, and what lies below it."""
    contexts = getattr(route, "effective_route_contexts", None)
    if contexts is not None:  # FastAPI 0.137 keeps included routers as they are, with the prefixes in these
        for context in contexts():
            whole = getattr(context, "starlette_route", None) or context
            for owner, template in places(whole, prefix):
                yield (context.original_route if owner is whole else owner), template
                yield owner, template
        return
    own = getattr(route, "path_format", "")
    endpoint = getattr(route, "endpoint", None)
    if endpoint is not None:
        yield route, prefix + own
        yield endpoint, prefix + own
    elif getattr(route, "app", None) is not None:
        yield route, prefix + (own or "/{path}")
        yield route.app, prefix + (own or "/{path}")
        below = prefix + own.removesuffix("/{path}")
        yield from walk(route, below)
        if not list(getattr(route, "routes", None) or ()):
            yield from walk(route.app, below)
