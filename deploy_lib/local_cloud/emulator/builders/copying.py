"""`gsutil cp` and `gcloud storage cp` of a build step: files between the step and a bucket."""

from __future__ import annotations

import mimetypes
import posixpath
from collections.abc import Sequence

from ..profile.roles import WRITE_OBJECT
from ..storage.model import Description, StorageRefusal
from .flags import Flags, parse_flags
from .shim_server import CommandFailed, ShimCall
from .step_context import StepContext

_CHUNK = 1024 * 1024
_GSUTIL = Flags(
    frozenset({"header", "option"}), frozenset({"m", "q"}), {"m": "m", "q": "q", "h": "header", "o": "option"}, True
)
_COPY = Flags(frozenset({"content-type", "cache-control"}), frozenset({"n", "quiet"}), {"n": "n", "q": "quiet"})


def gsutil(step: StepContext, call: ShimCall) -> int:
    words = parse_flags("gsutil", call.args, _GSUTIL).words
    return _storage(step, call, "gsutil", words)


def gcloud(step: StepContext, call: ShimCall) -> int:
    words = [word for word in call.args if word not in {"--quiet", "-q"} and not word.startswith("--project=")]
    if words[:1] == ["storage"]:
        return _storage(step, call, "gcloud storage", words[1:])
    raise CommandFailed(f"gcloud: the local cloud does not know the command {' '.join(words[:2])!r}")


def _storage(step: StepContext, call: ShimCall, tool: str, words: Sequence[str]) -> int:
    if words[:1] != ("cp",) and words[:1] != ["cp"]:
        raise CommandFailed(f"{tool}: the local cloud does not know the command {' '.join(words[:1])!r}")
    given = parse_flags(f"{tool} cp", words[1:], _COPY)
    if len(given.words) < 2:
        raise CommandFailed(f"{tool} cp: a source and a destination are needed")
    *sources, target = given.words
    try:
        for source in sources:
            call.note(f"Copying {source} to {target}")
            _copy(step, call, source, target, given.last("content-type"), into=len(sources) > 1)
    except StorageRefusal as refusal:
        raise CommandFailed(f"{tool} cp: {refusal.code} {refusal.message}") from None
    except OSError as error:
        raise CommandFailed(f"{tool} cp: {error.strerror}: {error.filename}") from None
    return 0


def _copy(step: StepContext, call: ShimCall, source: str, target: str, content_type: str | None, *, into: bool) -> None:
    if source.startswith("gs://") == target.startswith("gs://"):
        raise CommandFailed(f"cp: the local cloud copies between a file and a bucket, not {source} to {target}")
    if source.startswith("gs://"):
        _download(step, call, source, target)
        return
    bucket, _, name = target.removeprefix("gs://").partition("/")
    if into or not name or name.endswith("/"):
        name = posixpath.join(name, posixpath.basename(source))
    if refused := step.built.refusal(WRITE_OBJECT):
        raise StorageRefusal(403, "forbidden", refused)
    about = Description(content_type or mimetypes.guess_type(source)[0] or "application/octet-stream")
    incoming = step.storage.begin(bucket)
    try:
        if source == "-":
            incoming.write(call.read_input())
        else:
            with step.path(call, source).open("rb") as file:
                incoming.fill(iter(lambda: file.read(_CHUNK), b""))
    except BaseException:
        incoming.discard()
        raise
    step.storage.finish(incoming, bucket, name, about)


def _download(step: StepContext, call: ShimCall, source: str, target: str) -> None:
    bucket, _, name = source.removeprefix("gs://").partition("/")
    item = step.storage.get(bucket, name)
    with step.storage.open(item) as file:
        if target == "-":
            call.write(file.read(item.size))
            return
        path = step.path(call, target)
        path = path / posixpath.basename(name) if path.is_dir() else path
        with path.open("wb") as copy:
            left = item.size
            while left and (chunk := file.read(min(_CHUNK, left))):
                copy.write(chunk)
                left -= len(chunk)
