"""What differs between the disk and the commit, and whether the release would have noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from deploy_lib.drivers.source.worktree import in_context
from deploy_lib.model.answers import Change
from deploy_lib.source.ignore_rules import IgnoreRules
from deploy_lib.source.model import DiskFile, Staged


def describe_changes(
    files: Mapping[str, DiskFile],
    rules: IgnoreRules,
    staged: Staged,
    imported: Callable[[], frozenset[str]],
) -> tuple[Change, ...]:
    """`staged` holds everything that is on the disk; `imported` are the context paths of the modules it imports.

    A directory that git ignores is one change, and each file in it that the code imports is another.
    """
    root = staged.context.root
    in_image = frozenset(staged.contents.files.values())
    matters = [file for file in files.values() if _is_sent(file, root, rules)]
    paths = imported() if any(_may_be_imported(file, root, in_image) for file in matters) else frozenset()
    return tuple(_describe(files, {file.path for file in matters}, root, in_image, paths))


def _describe(
    files: Mapping[str, DiskFile], sent: set[str], root: str, in_image: frozenset[str], imported: frozenset[str]
) -> Iterable[Change]:
    for path, file in sorted(files.items()):
        rule = str(file.rule) if file.rule else None
        inside = in_context(path, root) or ""
        if not path.endswith("/"):
            yield Change(path, file.state, path in sent, inside in in_image, inside in imported, rule)
            continue
        below = path in sent and any(each.startswith(inside) for each in in_image)
        yield Change(path, file.state, path in sent, below, False, rule)
        for each in sorted(imported):
            if path in sent and each.startswith(inside):
                yield Change(path + each[len(inside) :], file.state, True, True, True, rule)


def _is_sent(file: DiskFile, root: str, rules: IgnoreRules) -> bool:
    inside = in_context(file.path, root)
    return inside is not None and rules.dropping(inside.rstrip("/")) is None


def _may_be_imported(file: DiskFile, root: str, in_image: frozenset[str]) -> bool:
    inside = in_context(file.path, root) or ""
    return any(each.startswith(inside) for each in in_image) if file.path.endswith("/") else inside in in_image
