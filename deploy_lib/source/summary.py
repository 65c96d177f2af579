"""What a release keeps of its source: figures, unknowns, and a manifest to compare later releases and images with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deploy_lib.model.image import ImageFile, SourceSummary, Unforeseen
from deploy_lib.source.archive import context_hash
from deploy_lib.source.model import Staged, TreeFile


def summarise(
    staged: Staged, args: Mapping[str, str], target: str | None, sizes: Callable[[list[TreeFile]], Iterator[int]]
) -> SourceSummary:
    contents, files = staged.contents, staged.context.files
    predicted = [(path, files[origin]) for path, origin in sorted(contents.files.items())]
    weighed = zip(predicted, sizes([file for _, file in predicted]), strict=True)
    return SourceSummary(
        context_hash=context_hash(staged, args, target),
        base=contents.base,
        python=".".join(map(str, contents.python)) if contents.python else None,
        unknown=tuple(Unforeseen(each.prefix, each.reason, each.line) for each in staged.contents.unknown),
        manifest=tuple(ImageFile(path, size, file.blob) for (path, file), size in weighed),
    )
