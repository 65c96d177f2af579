"""ADD: COPY's rules, and two more: an archive of the context is unpacked, a web address is fetched.

A fetched file is never unpacked and has mode 600 (docs.docker.com/reference/dockerfile, ADD). Git addresses are
refused: what they bring cannot be checked before the build.
"""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path
from urllib.parse import urlsplit

from ...registry.names import is_digest
from ..dockerfile import Instruction, expand_word
from ..model import EngineError
from .copy import CopyTarget, finish_copy, open_target
from .copy_plan import Item, find_sources, plan_source
from .merged import Entry, MergedTree
from .sandbox import maps_many_ids
from .state import State
from .unpack import unpack_archive
from .workbench import Workbench

_CONNECT, _SILENCE = 10.0, 60.0  # seconds


def add(bench: Workbench, state: State, instruction: Instruction) -> State:
    """Raises BuildFailed."""
    try:
        target = open_target(bench, state, instruction, from_context=True)
        items = [item for word in target.sources for item in _plan(bench, state, instruction, word, target)]
        return finish_copy(bench, state, instruction, target, items)
    except FileNotFoundError as error:
        raise instruction.failure(f'"{error.args[0]}" is not in the build context') from None
    except (ValueError, EngineError) as error:
        reason = error.reason if isinstance(error, EngineError) else str(error)
        raise instruction.failure(reason) from None


def _plan(bench: Workbench, state: State, instruction: Instruction, word: str, target: CopyTarget) -> list[Item]:
    if word.startswith(("http://", "https://")):
        checksum = expand_word(instruction.flag("checksum") or "", state.variables, bench.escape)
        return [_fetch(bench, word, target, checksum)]
    if "://" in word or word.startswith("git@"):
        raise ValueError(f"{word} cannot be fetched here; only http and https addresses can")
    if instruction.flag("checksum"):
        raise ValueError("--checksum is for web addresses only")
    items: list[Item] = []
    for entry in find_sources(bench.context, word):
        items += _plan_archive(bench, entry, target) or plan_source(
            bench.context, entry, target.destination, target.rules
        )
    return items


def _plan_archive(bench: Workbench, entry: Entry, target: CopyTarget) -> list[Item]:
    """The archive's content, put into the destination as a directory; nothing when it is no archive."""
    if not entry.is_file:
        return []
    tree = bench.fresh_directory()
    if not unpack_archive(Path(entry.host), tree, maps_many_ids()):
        return []
    # Without root the archive's owners cannot be kept on disk, so everything is root's, as in a plain COPY.
    keeps_owners = maps_many_ids() and not target.has_owner
    rules = target.rules if not keeps_owners else target.rules.keeping_owners()
    merged = MergedTree([tree])
    top = merged.find("/")
    assert top is not None
    return list(plan_source(merged, top, target.destination, rules))


def _fetch(bench: Workbench, address: str, target: CopyTarget, checksum: str) -> Item:
    name = posixpath.basename(urlsplit(address).path)
    if target.destination.is_directory and not name:
        raise ValueError(f"{address} names no file, so the destination must")
    if checksum and not is_digest(checksum):
        raise ValueError(f"--checksum={checksum}: write sha256: and 64 hexadecimal digits")
    bench.log(f"  fetching {address}")
    content = _download(address)
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if checksum and found != checksum:
        raise ValueError(f"{address} has the checksum {found}, not {checksum}")
    mode = 0o600 if target.rules.mode is None else target.rules.mode
    return Item(target.destination.take(name), mode, target.rules.owner or (0, 0), content=content)


def _download(address: str) -> bytes:
    import httpx

    try:
        answer = httpx.get(address, follow_redirects=True, timeout=httpx.Timeout(_SILENCE, connect=_CONNECT))
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise ValueError(f"{address} answered {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ValueError(f"{address} could not be fetched ({str(error) or type(error).__name__})") from None
    return answer.content
