"""Scenes of people who look around: the front page, an item, a search, and what the stock service says."""

from andiron.demo.backing import answered, cached, called, handled, keep, query, status_of
from andiron.demo.cast import CUSTOMERS, ITEMS, STOCK, WEB, WORDS
from andiron.demo.failures import pool_exhausted
from andiron.demo.otlp import Service
from andiron.demo.scene import CLIENT, SERVER, Scene
from andiron.demo.weather import Weather

SHOP, API = "shop.example", "http://api.internal:8000"


def front_page(scene: Scene, weather: Weather) -> None:
    """The list of items, and who is signed in."""
    who = scene.chance.choice(CUSTOMERS)
    with handled(scene, WEB, "GET", "/", "/", SHOP, **{"user.id": who}) as request:
        scene.together(
            lambda: items(scene, weather.api),
            lambda: session(scene, weather.api, who),
        )
        with scene.span(WEB, "render page", {"page": "front", "items": len(ITEMS)}):
            scene.takes(2, 9)
        answered(scene, request, 200)


def items(scene: Scene, api: Service) -> None:
    """The api's list."""
    with (
        called(scene, WEB, "GET", f"{API}/items") as call,
        handled(scene, api, "GET", "/items", "/items", "api.internal") as request,
    ):
        if not cached(scene, api, "items:all", 0.85):
            scene.log("debug", "cache miss for {key}", key="items:all")
            query(
                scene,
                api,
                "SELECT id, name, price FROM items WHERE sold ORDER BY rank LIMIT 20",
                (2, 12),
                rows=len(ITEMS),
            )
            keep(scene, api, "items:all")
        call["http.response.status_code"] = answered(scene, request, 200)


def session(scene: Scene, api: Service, who: str) -> None:
    """Whose basket it is."""
    with (
        called(scene, WEB, "GET", f"{API}/me") as call,
        handled(scene, api, "GET", "/me", "/me", "api.internal", **{"user.id": who}) as request,
    ):
        cached(scene, api, f"session:{who}", 0.98)
        call["http.response.status_code"] = answered(scene, request, 200)


def item(scene: Scene, weather: Weather) -> None:
    """One item; now and then one that is no more."""
    number, name, price = scene.chance.choice(ITEMS)
    if gone := scene.likely(0.05):
        number = scene.chance.randint(30, 99)
    api, path = weather.api, f"/items/{number}"
    with handled(
        scene, WEB, "GET", "/items/{item_id}", path, SHOP, **{"user.id": scene.chance.choice(CUSTOMERS)}
    ) as page:
        with called(scene, WEB, "GET", f"{API}{path}") as call:
            with handled(scene, api, "GET", "/items/{item_id}", path, "api.internal", item_id=number) as request:
                scene.log("info", "looking for item {item_id}", item_id=number)
                if not cached(scene, api, f"item:{number}", 0.6):
                    if scene.likely(weather.crowded):
                        scene.takes(3000, 3050)
                        raise pool_exhausted()
                    query(scene, api, "SELECT id, name, price, text FROM items WHERE id = $1", rows=0 if gone else 1)
                if gone:
                    scene.log("warn", "there is no item {item_id}", item_id=number)
                    answered(scene, request, 404)
                else:
                    left(scene, api, number)
                    scene.log("debug", "{name} costs {price}", name=name, price=price)
                    answered(scene, request, 200)
            call["http.response.status_code"] = status_of(request)
        answered(scene, page, status_of(request))


def left(scene: Scene, api: Service, number: int) -> None:
    """How many of an item are there, from the stock service over gRPC."""
    values = {
        "rpc.system": "grpc",
        "rpc.service": "shop.Stock",
        "rpc.method": "Left",
        "server.address": "stock.internal",
    }
    with scene.span(api, "shop.Stock/Left", values, kind=CLIENT, scope="grpc") as call:
        scene.takes(0.2, 1)
        with scene.span(STOCK, "shop.Stock/Left", {**values, "item_id": number}, kind=SERVER):
            query(scene, STOCK, "SELECT count FROM stock WHERE item_id = $1", (0.3, 2))
        call["rpc.grpc.status_code"] = 0


def search(scene: Scene, weather: Weather) -> None:
    """A search; some words make the database read everything."""
    words = scene.chance.choice(WORDS)
    slow = scene.likely(0.12 + weather.crowded)
    api, path = weather.api, f"/search?q={words.replace(' ', '+')}"
    with handled(scene, WEB, "GET", "/search", path, SHOP, **{"user.id": scene.chance.choice(CUSTOMERS)}) as page:
        with called(scene, WEB, "GET", f"{API}{path}") as call:
            with handled(scene, api, "GET", "/search", path, "api.internal", words=words) as request:
                took = (900, 3200) if slow else (6, 40)
                query(
                    scene,
                    api,
                    "SELECT id, name FROM items WHERE text ILIKE $1 ORDER BY similarity(text, $2) DESC LIMIT 20",
                    took,
                    rows=scene.chance.randint(0, 20),
                )
                if slow:
                    scene.log(
                        "warn", "search for {words} read the whole table", words=words, rows_read=184_210, index="none"
                    )
                scene.event("results ranked", ranking="bm25", candidates=scene.chance.randint(20, 400))
                answered(scene, request, 200)
            call["http.response.status_code"] = status_of(request)
        answered(scene, page, status_of(request))
