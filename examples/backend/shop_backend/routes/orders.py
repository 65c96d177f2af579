"""Orders: find, read, place."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request

from shop_backend.core.orders import OrderBook
from shop_backend.schemas import NewOrder, Order, OrderPage, OrderState

router = APIRouter(prefix="/orders")


@router.get("")
async def find_orders(
    request: Request,
    state: OrderState | None = None,
    item: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> OrderPage:
    book: OrderBook = request.app.state.orders
    found = list(book.find(state, item))
    return OrderPage(orders=list(islice(found, limit)), total=len(found))


@router.get("/{number}")
async def read_order(request: Request, number: int) -> Order:
    book: OrderBook = request.app.state.orders
    return book.get(number)


@router.post("", status_code=201)
async def place_order(request: Request, new: NewOrder) -> Order:
    book: OrderBook = request.app.state.orders
    return book.add(new)
