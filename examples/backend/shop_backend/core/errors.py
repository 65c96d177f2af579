"""Every error of the shop is answered in one shape, with one of the codes that clients know."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

from shop_backend.schemas.core_enums import ErrorCode

_STATUS = {ErrorCode.NOT_FOUND: 404, ErrorCode.REFUSED: 409}


class ShopError(Exception):
    """The shop said no, for a reason the customer may read."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


async def answer_shop_error(request: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, ShopError) else ErrorCode.REFUSED
    return JSONResponse({"code": code.value, "message": str(error)}, status_code=_STATUS[code])
