"""The daily export, streamed line by line: the first line is sent before the last one exists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from shop_backend.core.orders import OrderBook

router = APIRouter()


@router.get("/export")
async def export(request: Request, pause_ms: Annotated[int, Query(ge=0, le=1000)] = 0) -> StreamingResponse:
    book: OrderBook = request.app.state.orders

    async def lines() -> AsyncIterator[str]:
        for order in book.find(None, None):
            yield order.model_dump_json() + "\n"
            await asyncio.sleep(pause_ms / 1000)

    return StreamingResponse(lines(), media_type="application/x-ndjson")
