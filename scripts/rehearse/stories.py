"""The six stories of the demo, as data: what the developer did, which gates are on, and how it must end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import changes
from .repository import Repository


@dataclass(frozen=True, slots=True)
class Story:
    """`expected` is the label of the step that must reject the release; None means it must go live.

    `before` makes the commits of the story; None releases what is there. `harmless` says that users lose nothing.
    """

    name: str
    title: str
    description: str
    before: Callable[[Repository], object] | None
    expected: str | None
    left_out: tuple[str, ...] = ()
    users: bool = True
    harmless: bool = True


def _break_orders(repository: Repository) -> None:
    changes.finish_the_refactor(repository)
    changes.break_orders(repository)


BEFORE_BUILD = ("git_clean", "image_contents")

STORIES = (
    Story(
        "a",
        "the first release",
        "Nothing serves yet. The shop is built from its commit, checked, and gets all traffic.",
        None,
        None,
        users=False,
    ),
    Story(
        "b",
        "a good change",
        "A second release while users send 40 requests per second. It gets 10 % first, then everything.",
        changes.add_a_feature,
        None,
    ),
    Story(
        "c",
        "a module that is only on this disk",
        "The incident: the code imports shop_backend.schemas.llm_config_types, which .gitignore keeps out of git.",
        changes.forget_a_module,
        "git_clean",
    ),
    Story(
        "d",
        "the same, both gates before the build off",
        f"The same commit, with {' and '.join(BEFORE_BUILD)} left out of `steps:`.",
        None,
        "import_check",
        BEFORE_BUILD,
    ),
    Story(
        "e",
        "the same, the import check off too",
        "The same commit again. Now it is built, pushed and started; it has no traffic when it crashes.",
        None,
        "canary",
        (*BEFORE_BUILD, "import_check"),
    ),
    Story(
        "f",
        "health is good, real requests fail",
        "Every gate is on, and the service starts well. Only users who read an order meet the fault.",
        _break_orders,
        "compare 6 s",
        harmless=False,
    ),
)
