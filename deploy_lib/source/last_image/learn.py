"""What is known of a commit's image from the last good one: what the same steps made of what has not changed.

A RUN step is a guess only where something that it may read differs from then: a Dockerfile that differs teaches
nothing, and a changed requirements file takes away what is known of packages. What a step made of changed Python
modules is followed file by file: where they lay in the image, they lie again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from deploy_lib.model.service import BuildSource
from deploy_lib.source.dependencies.declared import declared
from deploy_lib.source.dockerfile.syntax import Refused, parse
from deploy_lib.source.last_image.installed import Installed
from deploy_lib.source.last_image.known import Known, Learned
from deploy_lib.source.last_image.placed import Placed, place
from deploy_lib.source.last_image.record import LastImage, built_with
from deploy_lib.source.model import SITE_PACKAGES, ImageContents, Staged, TreeFile, Unknown
from deploy_lib.source.repository_facts import reader

_DECLARES = re.compile(
    r"(^|/)(requirements[^/]*\.(txt|in)|requirements/[^/]+\.(txt|in)|constraints[^/]*\.txt|pyproject\.toml|setup\.(py|cfg)"
    r"|Pipfile(\.lock)?|(poetry|uv|pdm)\.lock|environment\.ya?ml|[^/]+\.(whl|tar\.gz|zip))$"
)
_READ_BY_NOTHING = re.compile(
    r"\.(md|rst|html?|css|js|ts|svg|png|jpe?g|gif|ico|woff2?|sql|csv|po|mo|pot|txt|sh)$|(^|/)(LICENSE|Procfile|\.[^/]+)$"
)
"""Files that no step makes Python modules of. Any other may be what generated code comes from."""


def learn(last: LastImage, before: Staged, now: Staged, source: BuildSource) -> Learned:
    """`before` is the commit of the last image as it would be staged today, `now` the one that is judged."""
    recipe = _recipe(now)
    if last.built_with != built_with(source):
        return Learned(now.contents, last.name, unused="the build arguments or the target changed since")
    if not recipe or recipe != _recipe(before):
        return Learned(now.contents, last.name, unused=f"{last.dockerfile} changed since")
    changed = _changed(before, now)
    runs = _runs(recipe)
    read_again = sorted(path for path in changed if _is_read(path, runs))
    declaring = {*_declaring(before), *_declaring(now)}
    packages = sorted(path for path in changed if _DECLARES.search(path) or path in declaring or _is_named(path, runs))
    installed = None if packages else Installed(last.modules)
    contents, used = now.contents, ["where Python looks"]
    if installed is not None:
        used.append("what is installed")
    if not read_again and not packages:
        contents = _settled(now.contents, last, place(last, before, now))
        used.append("where files lie")
    scripts = any(not path.endswith(".py") for path in changed)
    known = Known(
        last.name,
        installed,
        tuple(_roots(last, contents)),
        None if scripts else last.entrypoint or None,
    )
    why = f"{_some([*packages, *read_again])} changed since" if packages or read_again else ""
    return Learned(contents, last.name, known, tuple(used), why)


def _recipe(staged: Staged) -> str:
    if staged.recipe is not None:
        return staged.recipe.decode("utf-8", "replace")
    return next((content.decode("utf-8", "replace") for _, content in staged.read_many([staged.dockerfile])), "")


def _changed(before: Staged, now: Staged) -> frozenset[str]:
    """Context paths that differ; a file taken from the disk has no id, and so may."""
    old, new = before.context.files, now.context.files
    return frozenset(
        path
        for path in old.keys() | new.keys()
        if path not in old or path not in new or not new[path].blob or _of(old[path]) != _of(new[path])
    )


def _of(file: TreeFile) -> tuple[str, int]:
    return file.blob, file.mode


def _runs(recipe: str) -> str:
    """The text of all RUN instructions."""
    try:
        stages = parse(recipe).stages
    except Refused:
        return recipe
    return "\n".join(each.text for stage in stages for each in stage.instructions if each.name == "RUN")


def _declaring(staged: Staged) -> tuple[str, ...]:
    """The files that packages are installed from, with those that they include."""
    return (*staged.contents.installs, *declared(staged.contents, reader(staged)).files)


def _is_named(path: str, runs: str) -> bool:
    """By a step, which may install what stands in it. Of a Python module that is known to be run."""
    return not path.endswith(".py") and path.rpartition("/")[2] in runs


def _is_read(path: str, runs: str) -> bool:
    """Whether a RUN step may make something else of the image since this file changed."""
    directory, _, name = path.rpartition("/")
    if name in runs or (directory and re.search(rf"\b{re.escape(directory)}/[\w.]+\.py\b", runs)):
        return True
    if path.endswith(".py"):
        return re.search(rf"-m\s+{re.escape(path.removesuffix('.py').replace('/', '.'))}\b", runs) is not None
    return not _READ_BY_NOTHING.search(path)


def _settled(contents: ImageContents, last: LastImage, placed: Placed) -> ImageContents:
    """With the files that steps brought, and unknown only what they made of their own."""
    files = {path: source for path, source in contents.files.items() if path not in placed.other}
    made = tuple(Unknown(stem, "a RUN step makes it", _line(stem, contents)) for stem in placed.made)
    left = tuple(each for each in contents.unknown if not _is_listed(each.prefix, last))
    return replace(contents, files={**files, **placed.files}, unknown=(*left, *made))


def _line(stem: str, contents: ImageContents) -> int:
    """Of the step that nobody could read; of the last one where it is another that did it."""
    of_it = [each.line for each in contents.unknown if each.covers(stem)]
    return max(of_it or [each.line for each in contents.unknown] or [1])


def _is_listed(prefix: str, last: LastImage) -> bool:
    """Whether all that Python can import from below it was seen: as a file of the application, or as a package."""
    if prefix == SITE_PACKAGES:
        return False  # where the project itself goes: a package that is new in it goes there too
    below = f"{prefix.rstrip('/')}/"
    inside = [entry for entry in last.path if f"{entry}/".startswith(below)]
    holding = any(below.startswith(f"{root.rstrip('/')}/") for root in last.roots)
    return holding or bool(inside) or not any(below.startswith(f"{entry.rstrip('/')}/") for entry in last.path)


def _roots(last: LastImage, contents: ImageContents) -> Iterator[str]:
    for entry in last.path:
        below = f"{entry.rstrip('/')}/"
        if any(image.startswith(below) for image in contents.files):
            yield entry.rstrip("/") or "/"


def _some(paths: list[str]) -> str:
    shown = list(dict.fromkeys(paths))
    return " and ".join(shown) if len(shown) < 3 else f"{shown[0]} and {len(shown) - 1} more files"
