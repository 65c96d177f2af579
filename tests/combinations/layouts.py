"""Where a repository keeps its code, and how the modules of the application are called in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """`code` is the directory that belongs on sys.path, from the repository's top; `package` the package in it that
    holds the application, "" when its modules stand there by themselves.

    installed: "" for code that is only copied, "project" or "editable" for what pip installs. `inits`: directories
    are packages. `beside`: directories of other code in the repository, which the service imports `common` from.
    """

    name: str
    code: str = ""
    package: str = ""
    installed: str = ""
    inits: bool = True
    beside: str = ""
    django: bool = False

    def module(self, logical: str) -> str:
        """core.models -> shop.core.models"""
        return f"{self.package}.{logical}" if self.package else logical

    def path(self, logical: str) -> str:
        """core.models -> src/shop/core/models.py, from the repository's top."""
        return f"{self.inside(self.module(logical).replace('.', '/'))}.py"

    def inside(self, path: str) -> str:
        return f"{self.code}/{path}" if self.code else path


LAYOUTS = {
    each.name: each
    for each in (
        Layout("flat"),
        Layout("package", package="shop"),
        Layout("namespace", package="shop", inits=False),
        Layout("src", code="src", package="shop"),
        Layout("installed", code="src", package="shop", installed="project"),
        Layout("editable", code="src", package="shop", installed="editable"),
        Layout("services flat", code="services/api", beside="libs"),
        Layout("services package", code="services/api", package="shop_api", beside="libs"),
        Layout("django", django=True),
    )
}
