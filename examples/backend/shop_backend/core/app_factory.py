"""Puts the service together: its state, its routes, and one shape for errors."""

from __future__ import annotations

from fastapi import FastAPI

from shop_backend.core.errors import ShopError, answer_shop_error
from shop_backend.core.orders import OrderBook
from shop_backend.routes import export, health, live, orders
from shop_backend.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="shop backend", version="1.0.0")
    app.state.settings = settings
    app.state.orders = OrderBook.from_database(settings.database) if settings.database else OrderBook.with_samples()
    app.add_exception_handler(ShopError, answer_shop_error)
    for routes in (health, orders, export, live):
        app.include_router(routes.router)
    return app
