"""What goes over the wire."""

from shop_backend.schemas.core_enums import ErrorCode, OrderState
from shop_backend.schemas.orders import NewOrder, Order, OrderPage

__all__ = ["ErrorCode", "NewOrder", "Order", "OrderPage", "OrderState"]
