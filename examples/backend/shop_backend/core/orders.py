"""The order book, kept in memory; it begins with samples, or with what a database holds."""

from __future__ import annotations

from collections.abc import Iterator

from shop_backend.core.database import ask
from shop_backend.core.errors import ShopError
from shop_backend.schemas.core_enums import ErrorCode, OrderState
from shop_backend.schemas.orders import NewOrder, Order

_FIRST = 1000  # the number of the first order


class OrderBook:
    def __init__(self, orders: list[Order]) -> None:
        self._orders = {order.number: order for order in orders}

    @classmethod
    def with_samples(cls) -> OrderBook:
        items = ("lamp", "chair", "desk", "shelf", "rug")
        states = list(OrderState)
        return cls(
            [
                Order(number=_FIRST + n, item=items[n % 5], quantity=1 + n % 3, state=states[n % len(states)])
                for n in range(50)
            ]
        )

    @classmethod
    def from_database(cls, url: str) -> OrderBook:
        """Raises OSError or DatabaseError, which end the service while it starts."""
        fields = ("number", "item", "quantity", "state")
        rows = ask(url, f"SELECT {', '.join(fields)} FROM orders ORDER BY number")
        return cls([Order.model_validate(dict(zip(fields, row, strict=True))) for row in rows])

    def get(self, number: int) -> Order:
        if number not in self._orders:
            raise ShopError(ErrorCode.NOT_FOUND, f"there is no order {number}")
        return self._orders[number]

    def find(self, state: OrderState | None, item: str | None) -> Iterator[Order]:
        for order in self._orders.values():
            if (state is None or order.state is state) and (item is None or order.item == item):
                yield order

    def add(self, new: NewOrder) -> Order:
        order = Order(number=max(self._orders, default=_FIRST - 1) + 1, state=OrderState.OPEN, **new.model_dump())
        self._orders[order.number] = order
        return order
