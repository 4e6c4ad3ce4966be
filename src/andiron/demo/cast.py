"""Who plays: the services of the shop, their goods and their customers."""

from typing import Any

from andiron.demo.otlp import Service

ENVIRONMENT = "production"


def service(name: str, scope: str, version: str, language: str, host: str, **more: Any) -> Service:
    """A service and where it runs."""
    sdk = {"python": ("logfire", "5.2.0"), "nodejs": ("opentelemetry", "2.2.0"), "go": ("opentelemetry", "1.38.0")}
    resource = {
        "service.name": name,
        "service.namespace": "shop",
        "service.version": version,
        "service.instance.id": f"{name}-{host}",
        "deployment.environment.name": ENVIRONMENT,
        "host.name": host,
        "telemetry.sdk.name": sdk[language][0],
        "telemetry.sdk.language": language,
        "telemetry.sdk.version": sdk[language][1],
        **more,
    }
    return Service(name, scope, tuple(resource.items()))


def api(version: str) -> Service:
    """The service in the middle, of a version: the one of 2.8.0 had a fault."""
    return service("api", "shop.api", version, "python", "oak", **{"process.pid": 4711})


WEB = service("web", "shop.web", "5.14.0", "nodejs", "ash", **{"process.pid": 812})
STOCK = service("stock", "shop.stock", "1.9.3", "go", "elm", **{"process.pid": 1})
WORKER = service("worker", "shop.worker", "2.8.1", "python", "elm", **{"process.pid": 977})
ASSISTANT = service("assistant", "pydantic-ai", "0.6.2", "python", "oak", **{"process.pid": 4802})
BEFORE, FAULTY, MENDED = api("2.7.4"), api("2.8.0"), api("2.8.1")

ITEMS = (
    (11, "bellows", 34.5),
    (12, "andiron, wrought iron", 129.0),
    (13, "poker", 19.9),
    (14, "ash shovel", 16.0),
    (15, "log basket, willow", 48.0),
    (16, "fire screen", 89.0),
    (17, "kindling axe", 42.0),
    (18, "chimney brush", 27.5),
    (19, "hearth rug", 74.0),
    (20, "long matches", 6.5),
)
CUSTOMERS = ("ada", "björn", "chidi", "dana", "emre", "فاطمة", "grace", "hiroshi", "ines", "joão", "katja", "liam")
WORDS = ("andiron", "poker", "log basket", "fire screen", "brush", "matches", "axe", "gloves", "grate")
