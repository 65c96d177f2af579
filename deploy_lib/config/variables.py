"""Where the variables of a release may stand: each ${...} of a file is one of them in its place, or a problem. Pure."""

from __future__ import annotations

from typing import Any

from deploy_lib.config.lines import Document, Path
from deploy_lib.config.problems import ConfigProblem
from deploy_lib.model.variables import VARIABLES, WHERE, unknown_in, uses, without_escapes


def check_variables(document: Document) -> list[ConfigProblem]:
    """Each use that no release fills. Elsewhere than in those places $${ becomes ${ in the document."""
    found: list[ConfigProblem] = []
    document.data = _looked_at(document.data, (), found, document)
    return found


def _looked_at(value: Any, path: Path, found: list[ConfigProblem], document: Document) -> Any:
    if isinstance(value, dict):
        return {key: _looked_at(inner, (*path, key), found, document) for key, inner in value.items()}
    if isinstance(value, list):
        return [_looked_at(inner, (*path, index), found, document) for index, inner in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "the file")
    known = [f"${{{name}}}" for name in VARIABLES]
    what = f"{', '.join(known[:-1])} and {known[-1]} may be used, in {WHERE}; $${{ stands for a plain ${{"
    if _is_filled(path):
        wrong = unknown_in(value)
        if wrong:
            found.append(ConfigProblem(document.place(path), f"{key}: {', '.join(wrong)} is not known; {what}"))
        return value
    wrong = [use[0] for use in uses(value)]
    if wrong:
        found.append(ConfigProblem(document.place(path), f"{key}: {', '.join(wrong)} cannot be used here; {what}"))
    return without_escapes(value)


def _is_filled(path: Path) -> bool:
    """In env, args or labels of a service, in env or args of one of its further containers, or where a step has it."""
    if path[:1] == ("steps",) and len(path) > 3:
        from deploy_lib.steps.catalogue import KINDS  # every kind, and most files have no variable in a step

        kind = KINDS.get(str(path[2]))
        return kind is not None and path[3] in kind.filled_in
    if path[:1] not in (("services",), ("jobs",)) or len(path) < 4:
        return False
    inner = path[2:]
    if inner[0] == "containers":
        inner = inner[2:]
        return len(inner) == 2 and inner[0] in ("env", "args")
    return len(inner) == 2 and inner[0] in ("env", "args", "labels")
