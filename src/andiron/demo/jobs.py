"""Scenes without a customer: the worker's search index, which takes minutes, and lines that services write on their own."""

from andiron.demo.backing import query
from andiron.demo.cast import WORKER
from andiron.demo.otlp import Emission, Service
from andiron.demo.scene import SECOND, Scene, log_record

BATCHES = 12


def reindex(scene: Scene) -> None:
    """Rebuild the search index: four minutes, a line for each part."""
    with scene.span(
        WORKER, "rebuild search index", {"index": "items", "batches": BATCHES}, message="rebuild search index"
    ):
        for batch in range(1, BATCHES + 1):
            with scene.span(WORKER, "index batch", {"batch": batch}, message=f"index batch {batch} of {BATCHES}"):
                query(
                    scene,
                    WORKER,
                    "SELECT id, name, text FROM items WHERE id > $1 ORDER BY id LIMIT 15000",
                    (300, 900),
                    rows=15_000,
                )
                scene.takes(17_000, 21_000)
            scene.log("info", "{done} of {total} items indexed", done=batch * 15_000, total=BATCHES * 15_000)


def heartbeat(scene: Scene, service: Service, depth: int) -> None:
    """What a worker writes to its log with nothing else to do."""
    values = {"queue": "orders", "depth": depth, "code.file.path": "worker/loop.py", "code.line.number": 31}
    level = "warn" if depth > 40 else "notice" if depth > 25 else "debug"
    scene.emissions.append(
        Emission(
            scene.now, service, log_record(scene.now, level, f"{depth} orders wait in the queue", values), "worker.loop"
        )
    )


def given_up(scene: Scene, service: Service) -> None:
    """A worker that ends, once, when too much has come together."""
    values = {"process.exit.code": 137, "memory": "2.1 GB", "limit": "2 GB"}
    text = "worker 3 used more memory than it may and was ended; its 4 orders go back into the queue"
    scene.emissions.append(
        Emission(scene.now, service, log_record(scene.now + SECOND // 7, "fatal", text, values), "worker.loop")
    )
