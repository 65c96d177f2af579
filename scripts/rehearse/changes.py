"""What the developer of each story did to the service before releasing it."""

from __future__ import annotations

from .repository import Repository

PACKAGE = "shop_backend"


def add_a_feature(repository: Repository) -> str:
    """A good change: orders can be found by their smallest quantity."""
    path = f"{PACKAGE}/routes/orders.py"
    repository.replace(
        path,
        "    item: str | None = None,\n",
        "    item: str | None = None,\n    min_quantity: Annotated[int, Query(ge=1)] = 1,\n",
    )
    repository.replace(
        path,
        "found = list(book.find(state, item))",
        "found = [order for order in book.find(state, item) if order.quantity >= min_quantity]",
    )
    return repository.commit("Find orders by quantity")


def forget_a_module(repository: Repository) -> str:
    """The incident: in the middle of a refactor a module is imported that only this disk has.

    The chain that breaks: main -> core.app_factory -> core.unified_error_handler -> schemas.core_enums ->
    schemas/__init__ -> schemas.llm_config_types. The name of the last one matches a line of .gitignore.
    """
    repository.move(f"{PACKAGE}/core/errors.py", f"{PACKAGE}/core/unified_error_handler.py")
    repository.replace(
        f"{PACKAGE}/core/app_factory.py", f"from {PACKAGE}.core.errors", f"from {PACKAGE}.core.unified_error_handler"
    )
    repository.replace(
        f"{PACKAGE}/core/orders.py", f"from {PACKAGE}.core.errors", f"from {PACKAGE}.core.unified_error_handler"
    )
    repository.replace(
        f"{PACKAGE}/routes/live.py", f"from {PACKAGE}.core.errors", f"from {PACKAGE}.core.unified_error_handler"
    )
    repository.replace(
        f"{PACKAGE}/schemas/__init__.py",
        f"from {PACKAGE}.schemas.orders import NewOrder, Order, OrderPage\n",
        f"from {PACKAGE}.schemas.llm_config_types import ModelChoice\n"
        f"from {PACKAGE}.schemas.orders import NewOrder, Order, OrderPage\n",
    )
    repository.replace(
        f"{PACKAGE}/schemas/__init__.py", '__all__ = ["ErrorCode", ', '__all__ = ["ErrorCode", "ModelChoice", '
    )
    repository.write(
        f"{PACKAGE}/schemas/llm_config_types.py",
        '"""Which model answers customers."""\n\nfrom enum import Enum\n\n\n'
        'class ModelChoice(Enum):\n    SMALL = "small"\n    LARGE = "large"\n',
    )
    return repository.commit("Unify error handling")


def finish_the_refactor(repository: Repository) -> str:
    """Takes the import of the forgotten module out again, so that the next story starts from a good service."""
    path = f"{PACKAGE}/schemas/__init__.py"
    repository.replace(path, f"from {PACKAGE}.schemas.llm_config_types import ModelChoice\n", "")
    repository.replace(path, '"ModelChoice", ', "")
    (repository.root / f"{PACKAGE}/schemas/llm_config_types.py").unlink()
    return repository.commit("Leave model choice for later")


def break_orders(repository: Repository) -> str:
    """Health stays good and the list too; reading one order fails, which shows only when somebody does."""
    repository.replace(
        f"{PACKAGE}/routes/orders.py",
        "    return book.get(number)\n",
        "    order = book.get(number)\n"
        '    return order.model_copy(update={"quantity": order.quantity - order.returned})\n',
    )
    return repository.commit("Take returned items off")
