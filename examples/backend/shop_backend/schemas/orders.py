"""Orders as customers see them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shop_backend.schemas.core_enums import OrderState


class NewOrder(BaseModel):
    item: str = Field(min_length=1, max_length=80)
    quantity: int = Field(ge=1, le=1000)


class Order(NewOrder):
    number: int
    state: OrderState


class OrderPage(BaseModel):
    orders: list[Order]
    total: int
