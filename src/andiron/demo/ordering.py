"""The scene in which money is earned: an order, its payment, and what the worker does about it afterwards."""

from typing import Any

from andiron.demo.backing import answered, called, handled, query, status_of
from andiron.demo.browsing import API, SHOP
from andiron.demo.cast import CUSTOMERS, ITEMS, STOCK, WEB, WORKER
from andiron.demo.failures import Failure, declined, no_address, no_currency, sold_out, timed_out
from andiron.demo.otlp import Service
from andiron.demo.scene import CLIENT, CONSUMER, PRODUCER, SERVER, Scene
from andiron.demo.weather import Weather

PROVIDER = "https://pay.cardhouse.example/v1/charges"
QUEUE = {"messaging.system": "rabbitmq", "messaging.destination.name": "orders", "server.address": "rabbit-1"}


def order(scene: Scene, weather: Weather) -> None:
    """Somebody buys something."""
    who = scene.chance.choice(CUSTOMERS)
    number = 1000 + scene.now // 1_000_000_000 % 9000
    basket = scene.chance.sample(ITEMS, scene.chance.randint(1, 3))
    amount = round(sum(price for _, _, price in basket), 2)
    with handled(scene, WEB, "POST", "/orders", "/orders", SHOP, **{"user.id": who}) as page:
        with called(scene, WEB, "POST", f"{API}/orders") as call:
            values: dict[str, Any] = {
                "user.id": who,
                "order.id": number,
                "order.amount": amount,
                "order.items": [item[1] for item in basket],
            }
            with handled(scene, weather.api, "POST", "/orders", "/orders", "api.internal", **values) as request:
                placed(scene, weather, number, amount, basket)
                answered(scene, request, 201)
            call["http.response.status_code"] = status_of(request)
        answered(scene, page, status_of(request))


def placed(scene: Scene, weather: Weather, number: int, amount: float, basket: list[tuple[int, str, float]]) -> None:
    """The api's part."""
    api = weather.api
    with scene.span(api, "validate order", {"order.id": number}, message=f"validate order {number}"):
        scene.takes(0.5, 4)
        query(scene, api, "SELECT id, address, currency FROM customers WHERE id = $1")
        if scene.likely(weather.faulty):
            raise no_currency()
    reserved(scene, api, number, basket, weather)
    charged(scene, api, number, amount, weather)
    query(scene, api, "INSERT INTO orders (id, customer, amount, paid) VALUES ($1, $2, $3, now())", (1, 8))
    scene.log("info", "order {order} of {amount} accepted", order=number, amount=amount)
    with scene.span(
        api,
        "orders publish",
        {**QUEUE, "messaging.operation.type": "send", "order.id": number},
        kind=PRODUCER,
        scope="aio-pika",
    ):
        scene.takes(0.3, 1.5)
        sent = scene.now
        scene.takes(30, 400)
        handled_later(scene, number, basket)
        scene.now = sent


def reserved(scene: Scene, api: Service, number: int, basket: list[tuple[int, str, float]], weather: Weather) -> None:
    """The goods are set aside, each in the stock service."""
    with scene.span(
        api, "reserve stock", {"order.id": number, "items": len(basket)}, message=f"reserve stock for order {number}"
    ):
        for item, name, _ in basket:
            values = {
                "rpc.system": "grpc",
                "rpc.service": "shop.Stock",
                "rpc.method": "Reserve",
                "server.address": "stock.internal",
            }
            with scene.span(api, "shop.Stock/Reserve", values, kind=CLIENT, scope="grpc") as call:
                scene.takes(0.2, 1)
                with scene.span(STOCK, "shop.Stock/Reserve", {**values, "item_id": item}, kind=SERVER):
                    query(
                        scene,
                        STOCK,
                        "SELECT count FROM stock WHERE item_id = $1 FOR UPDATE",
                        (1, 30 + 200 * weather.crowded),
                    )
                    query(scene, STOCK, "UPDATE stock SET count = count - 1 WHERE item_id = $1", (0.5, 4))
                    if scene.likely(0.02):
                        scene.record("warn", f"reorder {name}: 2 left", item_id=item, left=2)
                call["rpc.grpc.status_code"] = 0
        if scene.likely(0.015):
            raise sold_out(basket[0][1])


def charged(scene: Scene, api: Service, number: int, amount: float, weather: Weather) -> None:
    """The payment provider takes the money, or does not; after a timeout it is asked once more."""
    with scene.span(
        api,
        "charge card",
        {"order.id": number, "amount": amount, "currency": "EUR"},
        message=f"charge {amount:.2f} EUR",
    ) as charge:
        for attempt in (1, 2):
            charge["attempts"] = attempt
            try:
                asked(scene, api, amount, weather)
            except Failure as failure:
                if failure.status != 504 or attempt == 2:
                    raise
                scene.log("warn", "payment provider did not answer, trying again", attempt=attempt)
                scene.takes(100, 250)
            else:
                return


def asked(scene: Scene, api: Service, amount: float, weather: Weather) -> None:
    """One request to the provider, which sends no telemetry of its own."""
    with called(scene, api, "POST", PROVIDER) as call:
        call["amount"] = amount
        call["peer.service"] = "cardhouse"
        if scene.likely(weather.stormy):
            scene.takes(4990, 5040)
            raise timed_out(5)
        scene.takes(90, 420 + 900 * weather.stormy)
        if scene.likely(0.03):
            call["http.response.status_code"] = 402
            raise declined(scene.chance.choice(("insufficient_funds", "expired_card", "do_not_honor")))
        call["http.response.status_code"] = 201


def handled_later(scene: Scene, number: int, basket: list[tuple[int, str, float]]) -> None:
    """The worker's part, in the same trace."""
    values = {**QUEUE, "messaging.operation.type": "process", "order.id": number}
    try:
        with scene.span(WORKER, "orders process", values, kind=CONSUMER, message=f"process order {number}"):
            query(scene, WORKER, "SELECT item_id, count FROM order_items WHERE order_id = $1", rows=len(basket))
            with scene.span(
                WORKER, "render invoice", {"order.id": number, "pages": 1}, message=f"render invoice of order {number}"
            ):
                scene.takes(20, 160)
                if scene.likely(0.02):
                    raise no_address()
            mail = {"server.address": "smtp.internal", "server.port": 25, "mail.template": "order-confirmed"}
            with scene.span(WORKER, "send mail", mail, kind=CLIENT):
                scene.takes(30, 220)
            scene.log("info", "order {order} is on its way", order=number)
    except Failure:
        return
