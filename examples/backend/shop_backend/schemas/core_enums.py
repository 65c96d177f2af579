"""The words that clients and the shop agree on."""

from enum import Enum


class OrderState(Enum):
    OPEN = "open"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class ErrorCode(Enum):
    NOT_FOUND = "not_found"
    REFUSED = "refused"
