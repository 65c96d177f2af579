"""What to do about a package that the image lacks: its file, its name and its tool are those of the repository."""

from __future__ import annotations

from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.source.dependencies.names import to_install


def package_of(module: str, context: RemedyContext, *, only_known: bool = False) -> list[str]:
    """Commands and instructions; none for `only_known` when no package is known to bring the name."""
    if not module or (only_known and to_install(module) is None):
        return []
    if context.source is None:
        name = to_install(module) or f"the distribution that brings {module.partition('.')[0]}"
        return [f"# name {name} in the file that the Dockerfile installs from"]
    found = context.source.adding(module)
    return [found.fix, *(["git commit -am 'Install a package that the service imports'"] if ">>" in found.fix else [])]
