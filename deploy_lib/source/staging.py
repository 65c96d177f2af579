"""From files to what a builder is given: the one place where listing, ignore rules and Dockerfile come together.

The files may be those of a commit, of the disk, or a mixture: this room does not know, it only reads them through
the function it is given.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from deploy_lib.model.findings import Finding
from deploy_lib.model.service import BuildSource
from deploy_lib.source.contents import Recipe, read_contents
from deploy_lib.source.context import clean_root, make_context
from deploy_lib.source.ignore_rules import IgnoreRules, read_ignore_rules
from deploy_lib.source.large_files import find_pointers, is_kept_elsewhere
from deploy_lib.source.model import REGULAR, SYMLINK, Context, Listing, MissingFileContext, Staged, TreeFile

ReadFiles = Callable[[Iterable[TreeFile]], Iterator[bytes]]
"""Contents in the order asked, each read once."""

MOST_BYTES = 256_000
"""Of a Dockerfile or an ignore file."""


def stage_files(
    source: BuildSource,
    tracked: Listing,
    generated: Listing,
    rules: IgnoreRules,
    read: ReadFiles,
    missing_file_context: Callable[[], MissingFileContext],
) -> Staged:
    """ValueError when the configuration's paths leave the repository, or a file that is read whole is too large."""
    dockerfile = clean_root(source.dockerfile)
    context = make_context(clean_root(source.context), tracked, generated, rules)
    context = replace(context, findings=(*context.findings, *_pointers(tracked, context, read)))
    recipe_file = tracked.get(dockerfile) or generated.get(dockerfile)
    place = _place_of(dockerfile, tracked, context)
    text = _text(recipe_file, read)
    links = [path for path, file in context.files.items() if file.mode == SYMLINK]
    contents = read_contents(
        Recipe(dockerfile, text, source.args, source.target),
        context,
        dict(zip(links, (_decode(each) for each in read(context.files[path] for path in links)), strict=True)),
        missing_file_context,
        lambda path: next(read([context.files[path]])) if path in context.files else None,
    )
    beside = _encode(text) if text is not None and place is None else None
    name = place or posixpath.basename(dockerfile)
    return Staged(context, name, contents, lambda paths: _read_paths(paths, context, read), beside)


def rules_of(source: BuildSource, tracked: Listing, read: ReadFiles, *, cloud_build: bool) -> IgnoreRules:
    """The ignore rules that the files themselves hold. ValueError as above."""
    root, dockerfile = clean_root(source.context), clean_root(source.dockerfile)
    return read_ignore_rules(root, dockerfile, lambda path: _text(tracked.get(path), read), cloud_build=cloud_build)


def _place_of(dockerfile: str, tracked: Listing, context: Context) -> str | None:
    """The context path by which the builder finds the Dockerfile; None where it must be given beside the context.

    A builder applies ignore rules once more, which changes nothing unless it cannot find those that counted here.
    """
    inside = posixpath.relpath(dockerfile, context.root or ".")
    own_rules_lost = f"{dockerfile}.dockerignore" in tracked and f"{inside}.dockerignore" not in context.files
    return inside if inside in context.files and not own_rules_lost else None


def _text(file: TreeFile | None, read: ReadFiles) -> str | None:
    """A Dockerfile or an ignore file. ValueError for one that nobody can have written by hand."""
    if file is None or file.mode & 0o170000 != REGULAR & 0o170000:
        return None
    content = next(read([file]))
    if len(content) > MOST_BYTES:
        raise ValueError(f"{file.path} is larger than {MOST_BYTES} bytes; is it the right file?")
    return _decode(content)


def _decode(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _pointers(tracked: Listing, context: Context, read: ReadFiles) -> tuple[Finding, ...]:
    attributes = [path for path in tracked if posixpath.basename(path) == ".gitattributes"]
    texts = dict(zip(attributes, map(_decode, read(tracked[path] for path in attributes)), strict=True))
    kept = [path for path, file in context.files.items() if is_kept_elsewhere(file.path, texts)]
    return find_pointers(context, dict(zip(kept, read(context.files[path] for path in kept), strict=True)))


def _read_paths(paths: Iterable[str], context: Context, read: ReadFiles) -> Iterator[tuple[str, bytes]]:
    wanted = list(paths)
    contents = read([context.files[path] for path in wanted])
    for path in wanted:
        yield path, next(contents)
    next(contents, None)  # so that the reader knows that nothing is left to take
