"""Every kind of step, by the name it has in the YAML: each module beside this one that says KIND is one."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from deploy_lib import steps
from deploy_lib.steps.kind import Kind


def _found() -> list[Kind[Any, Any, Any]]:
    modules = [import_module(f"{steps.__name__}.{each.name}") for each in iter_modules(steps.__path__)
               if each.name != "catalogue"]  # fmt: skip
    kinds = [module.KIND for module in modules if hasattr(module, "KIND")]
    return sorted(kinds, key=lambda kind: (kind.usual[0].place, kind.name))


KINDS: dict[str, Kind[Any, Any, Any]] = {kind.name: kind for kind in _found()}
"""In the order of a usual plan."""
