"""What goes wrong in the shop: errors that scenes raise, with the stack that their service would report."""

from dataclasses import dataclass


class Failure(Exception):
    """An error of the shop. `kind` is the name that its service gives it; `frames` are places in that service's code."""

    def __init__(self, kind: str, message: str, frames: "tuple[Frame, ...]", status: int = 500) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.frames = frames
        self.status = status

    @property
    def stack(self) -> str:
        """The stack trace, as Python prints one."""
        places = "".join(
            f'  File "/srv/shop/{frame.file}", line {frame.line}, in {frame.function}\n    {frame.code}\n'
            for frame in self.frames
        )
        return f"Traceback (most recent call last):\n{places}{self.kind}: {self.message}"


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of a stack trace."""

    file: str
    line: int
    function: str
    code: str


ORDER = Frame("api/orders.py", 88, "create_order", "payment = await charge(cart, card)")
CHARGE = Frame("api/payments.py", 41, "charge", 'answer = await client.post("/v1/charges", json=body)')
RESERVE = Frame("api/orders.py", 71, "create_order", "await stock.reserve(cart.items)")
ITEM = Frame("api/items.py", 33, "read_item", "row = await items.get(item_id)")
RENDER = Frame("worker/invoices.py", 52, "render", "return template.render(order=order, address=order.address)")


def declined(code: str) -> Failure:
    """The bank said no."""
    raised = Frame("api/payments.py", 57, "charge", "raise CardDeclined(answer.json())")
    return Failure("CardDeclined", f"card declined: {code}", (ORDER, raised), 402)


def timed_out(seconds: float) -> Failure:
    """The payment provider did not answer."""
    read = Frame(
        "lib/httpx/_transports/default.py", 118, "map_httpcore_exceptions", "raise mapped_exc(message) from exc"
    )
    message = f"no answer from pay.cardhouse.example within {seconds:.1f} s"
    return Failure("httpx.ReadTimeout", message, (ORDER, CHARGE, read), 504)


def sold_out(item: str) -> Failure:
    """Somebody else took the last one."""
    raised = Frame("api/stock.py", 29, "reserve", "raise OutOfStock(item)")
    return Failure("OutOfStock", f"{item} is sold out", (RESERVE, raised), 409)


def no_currency() -> Failure:
    """The fault of release 2.8.0."""
    raised = Frame("api/prices.py", 17, "total", 'currency = cart["currency"].upper()')
    calls = Frame("api/orders.py", 64, "create_order", "amount = total(cart)")
    return Failure("KeyError", "'currency'", (calls, raised))


def no_address() -> Failure:
    """An order without an address, which the template does not expect."""
    raised = Frame("worker/templates/invoice.html", 14, "top-level template code", "{{ address.street }}")
    return Failure("jinja2.exceptions.UndefinedError", "'None' has no attribute 'street'", (RENDER, raised))


def pool_exhausted() -> Failure:
    """More queries at once than there are connections."""
    raised = Frame("lib/sqlalchemy/pool/impl.py", 165, "_do_get", "raise exc.TimeoutError(")
    message = "QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 3.00"
    return Failure("sqlalchemy.exc.TimeoutError", message, (ITEM, raised), 503)
