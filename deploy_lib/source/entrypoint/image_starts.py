"""What base images start by themselves, and which module of the application that imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deploy_lib.source.base_images import TIANGOLO_DIRECTORY
from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import looked_for_in, target


def handler(words: Sequence[str], program: Program) -> Entrypoint | None:
    """AWS Lambda's runtime: package.module.handler or package/module.handler, from LAMBDA_TASK_ROOT or else the working
    directory (https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html#naming)."""
    module, dot, name = words[0].replace("/", ".").rpartition(".") if len(words) == 1 else ("", "", "")
    found = target(f"{module}:{name}") if dot else None
    return looked_for_in(found, program, program.env.get("LAMBDA_TASK_ROOT", "")) if found else None


def started_by_tiangolo(program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """Its start.sh: APP_MODULE, or MODULE_NAME with VARIABLE_NAME, or the file that is there."""
    env = program.env
    usual = "app.main" if exists(f"{TIANGOLO_DIRECTORY}/app/main.py") else "main"
    if "APP_MODULE" not in env and "MODULE_NAME" not in env and not exists(f"{TIANGOLO_DIRECTORY}/{_file_of(usual)}"):
        return None
    named = env.get("APP_MODULE") or f"{env.get('MODULE_NAME') or usual}:{env.get('VARIABLE_NAME') or 'app'}"
    found = target(named)
    return looked_for_in(found, program, "") if found else None


def _file_of(module: str) -> str:
    return f"{module.replace('.', '/')}.py"
