"""/health says which revision and which commit answers, so that a release can be checked."""

from __future__ import annotations

from fastapi import APIRouter, Request

from shop_backend.settings import Settings

router = APIRouter()


@router.get("/health")
async def health(request: Request) -> dict[str, str]:
    settings: Settings = request.app.state.settings
    return {"status": "ok", "revision": settings.revision, "commit": settings.commit}
