"""ADD: COPY's rules, and two more: an archive of the context is unpacked, a web address is fetched.

A fetched file is never unpacked and has mode 600 (docs.docker.com/reference/dockerfile, ADD). Git addresses are
refused: what they bring cannot be checked before the build.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import urlsplit

from ...registry.names import is_digest
from ...registry.oci import digest_of
from ..dockerfile import Instruction, expand_word
from ..model import EngineError
from .build_session import BuildSession
from .copy import CopyTarget, finish_copy, open_target
from .copy_plan import Item, find_sources, plan_source
from .overlay_tree import Entry, OverlayTree
from .sandbox import maps_many_ids
from .state import BuildState
from .unpack import unpack_archive

_CONNECT, _SILENCE = 10.0, 60.0  # seconds


def add(session: BuildSession, state: BuildState, instruction: Instruction) -> BuildState:
    """Raises BuildFailed."""
    try:
        target = open_target(session, state, instruction, from_context=True)
        items = [item for word in target.sources for item in _plan(session, state, instruction, word, target)]
        return finish_copy(session, state, instruction, target, items)
    except FileNotFoundError as error:
        raise instruction.failure(f'"{error.args[0]}" is not in the build context') from None
    except (ValueError, EngineError) as error:
        reason = error.reason if isinstance(error, EngineError) else str(error)
        raise instruction.failure(reason) from None


def _plan(
    session: BuildSession, state: BuildState, instruction: Instruction, word: str, target: CopyTarget
) -> list[Item]:
    if word.startswith(("http://", "https://")):
        checksum = expand_word(instruction.flag("checksum") or "", state.variables, session.escape)
        return [_fetch(session, word, target, checksum)]
    if "://" in word or word.startswith("git@"):
        raise ValueError(f"{word} cannot be fetched here; only http and https addresses can")
    if instruction.flag("checksum"):
        raise ValueError("--checksum is for web addresses only")
    items: list[Item] = []
    for entry in find_sources(session.context, word):
        items += _plan_archive(session, entry, target) or plan_source(
            session.context, entry, target.destination, target.rules
        )
    return items


def _plan_archive(session: BuildSession, entry: Entry, target: CopyTarget) -> list[Item]:
    """The archive's content, put into the destination as a directory; nothing when it is not an archive."""
    if not entry.is_file:
        return []
    tree = session.fresh_directory()
    if not unpack_archive(Path(entry.host), tree, maps_many_ids()):
        return []
    # Without root the archive's owners cannot be kept on disk, so everything is root's, as in a plain COPY.
    keeps_owners = maps_many_ids() and not target.has_owner
    rules = target.rules if not keeps_owners else target.rules.keeping_owners()
    merged = OverlayTree([tree])
    top = merged.find("/")
    assert top is not None
    return list(plan_source(merged, top, target.destination, rules))


def _fetch(session: BuildSession, address: str, target: CopyTarget, checksum: str) -> Item:
    name = posixpath.basename(urlsplit(address).path)
    if target.destination.is_directory and not name:
        raise ValueError(f"{address} names no file, so the destination must")
    if checksum and not is_digest(checksum):
        raise ValueError(f"--checksum={checksum}: write sha256: and 64 hexadecimal digits")
    session.log(f"  fetching {address}")
    content = _download(address)
    found = digest_of(content)
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
