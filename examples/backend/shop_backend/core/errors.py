"""Every error of the shop is answered in one shape, with one of the codes that clients know."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

from shop_backend.core.orders import OrderNotFound
from shop_backend.schemas.core_enums import ErrorCode


async def answer_shop_error(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, OrderNotFound):
        return JSONResponse({"code": ErrorCode.NOT_FOUND.value, "message": str(error)}, status_code=404)
    return JSONResponse({"code": ErrorCode.REFUSED.value, "message": str(error)}, status_code=409)
