"""The image's real files beside those that source truth predicted.

A difference is never an error: a RUN step may have made or removed files on purpose. But it is shown, since the
only other explanation is that the prediction is wrong, and everything else trusts the prediction. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deploy_lib.in_image.result import ImageFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.model import ImageContents, Staged

_SHOWN = 5
_INSTALLED = re.compile(r"/(?:site|dist)-packages/|/__pycache__(?:/|$)|\.py[co]$|\.(?:dist|egg)-info/")


def compare_with_image(staged: Staged, image: ImageFacts) -> tuple[Finding, ...]:
    """Advice for files that are missing, unexpected or of other content in the image's directories."""
    contents = staged.contents
    if image.files_cut:
        return ()
    real = {file.path: file.blob for file in image.files}
    roots = tuple(root.rstrip("/") + "/" for root in image.roots)
    predicted = {path: source for path, source in contents.files.items() if path.startswith(roots) and _ours(path)}
    expected = set(predicted)
    missing = [path for path in expected - real.keys() if not _unknown(path, contents)]
    extra = [path for path in real.keys() - expected if _ours(path) and not _unknown(path, contents)]
    other = [path for path in expected & real.keys() if _differs(staged, predicted[path], real[path])]
    other = [path for path in other if not _unknown(path, contents)]
    rows = (
        (Code.IMAGE_FILE_MISSING, missing, "predicted and not in the image: a RUN step removes"),
        (Code.IMAGE_FILE_UNEXPECTED, extra, "in the image and not predicted: a RUN step or the base image makes"),
        (Code.IMAGE_FILE_DIFFERS, other, "different in the image and in the commit: a RUN step changes"),
    )
    return tuple(_advice(code, paths, what) for code, paths, what in rows if paths)


def _differs(staged: Staged, source: str, blob: str | None) -> bool:
    file = staged.context.files.get(source)
    return bool(file and file.blob and blob and file.blob != blob)


def _ours(path: str) -> bool:
    return not _INSTALLED.search(path)


def _unknown(path: str, contents: ImageContents) -> bool:
    return any(path == part.prefix or path.startswith(part.prefix.rstrip("/") + "/") for part in contents.unknown)


def _advice(code: Code, paths: Iterable[str], what: str) -> Finding:
    listed = sorted(paths)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    shown = ", ".join(listed[:_SHOWN])
    them = "it" if len(listed) == 1 else "them"
    count = "1 file is" if len(listed) == 1 else f"{len(listed)} files are"
    message = f"{count} {what} {them}, or the prediction is wrong ({shown}{more})"
    return Finding(code, Severity.ADVICE, message, file=listed[0])
