"""A websocket: ask for an order by its number, get it as JSON, as often as you like."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from shop_backend.core.errors import ShopError
from shop_backend.core.orders import OrderBook

router = APIRouter()


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    book: OrderBook = socket.app.state.orders
    await socket.accept()
    try:
        while True:
            wanted = await socket.receive_text()
            try:
                await socket.send_text(book.get(int(wanted)).model_dump_json())
            except (ValueError, ShopError) as problem:
                await socket.send_json({"message": str(problem)})
    except WebSocketDisconnect:
        return
