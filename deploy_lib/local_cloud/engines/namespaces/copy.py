"""COPY and WORKDIR, and what ADD shares with them.

Files become a layer without a sandbox, found again in the cache by their content.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from e2b_dockerfile_utils import PatternMatcher, parse_heredoc

from ...registry.oci import Layer
from ..dockerfile import Heredoc, Instruction, expand_content, expand_word
from ..model import EngineError
from .accounts import find_owner
from .build_session import BuildSession
from .copy_plan import Destination, Ids, Item, Rules, find_sources, names_directory, plan_source
from .layer_draft import LayerDraft
from .layers import is_empty
from .overlay_tree import OverlayTree
from .settings import set_workdir
from .state import BuildState, open_tree
from .step_cache import key_of, recall, remember

_ROOT = (0, 0)


def copy(session: BuildSession, state: BuildState, instruction: Instruction, source: OverlayTree | None) -> BuildState:
    """`source` is the tree of --from, None for the context, whose files belong to root. Raises BuildFailed."""
    try:
        return _copy(session, state, instruction, source)
    except FileNotFoundError as error:
        where = "the build context" if source is None else f"--from={instruction.flag('from')}"
        raise instruction.failure(f'"{error.args[0]}" is not in {where}') from None
    except ValueError as error:
        raise instruction.failure(str(error)) from None


def _copy(session: BuildSession, state: BuildState, instruction: Instruction, source: OverlayTree | None) -> BuildState:
    target = open_target(session, state, instruction, from_context=source is None)
    tree = session.context if source is None else source
    items = [
        item
        for word in target.sources
        for entry in find_sources(tree, word)
        for item in plan_source(tree, entry, target.destination, target.rules)
    ]
    return finish_copy(session, state, instruction, target, items)


@dataclass(frozen=True, slots=True)
class CopyTarget:
    """What one COPY or ADD says, before its sources are looked at."""

    sources: tuple[str, ...]
    heredocs: tuple[Heredoc, ...]
    destination: Destination
    rules: Rules
    below: OverlayTree  # what is there already
    has_owner: bool  # --chown was given


def open_target(
    session: BuildSession, state: BuildState, instruction: Instruction, *, from_context: bool
) -> CopyTarget:
    """ValueError for what is wrong with it."""
    env, escape = state.variables, session.escape
    below = open_tree(session.store, () if instruction.flag("link") in ("", "true") else state.layers)
    words, heredocs = _split_sources(instruction)
    wanted = expand_word(instruction.args[-1], env, escape)
    destination = _find_destination(below, state.workdir, wanted)
    if len(words) + len(heredocs) > 1 and not destination.is_directory:
        raise ValueError(f'with more than one source the destination {wanted!r} must end with "/"')
    rules = _read_rules(state, instruction, open_tree(session.store, state.layers), env, escape, from_context)
    return CopyTarget(
        tuple(expand_word(word, env, escape) for word in words),
        tuple(heredocs),
        destination,
        rules,
        below,
        instruction.flag("chown") is not None,
    )


def finish_copy(
    session: BuildSession, state: BuildState, instruction: Instruction, target: CopyTarget, items: list[Item]
) -> BuildState:
    rules, destination = target.rules, target.destination
    items = [*items, *_plan_heredocs(target.heredocs, destination, rules, state.variables, session.escape)]
    layer = write_items(session, state, items, destination, target.below, rules.owner or _ROOT)
    return state.with_layer(instruction.text, layer)


def _split_sources(instruction: Instruction) -> tuple[list[str], list[Heredoc]]:
    if len(instruction.args) < 2:
        raise ValueError("needs a source and a destination")
    given = instruction.args[:-1]
    if not instruction.heredocs:
        return list(given), []
    return [word for word in given if parse_heredoc(word) is None], list(instruction.heredocs)


def _find_destination(tree: OverlayTree, workdir: str, wanted: str) -> Destination:
    path = tree.resolve(posixpath.join(workdir, wanted))
    existing = tree.find(path)
    is_directory = names_directory(wanted) or (existing is not None and existing.is_directory)
    return Destination(path, is_directory, existing is not None)


def _read_rules(
    state: BuildState,
    instruction: Instruction,
    tree: OverlayTree,
    env: Mapping[str, str],
    escape: str,
    from_context: bool,
) -> Rules:
    owner: Ids | None = _ROOT if from_context else None
    if chown := instruction.flag("chown"):
        try:
            owner = find_owner(tree, expand_word(chown, env, escape))
        except EngineError as error:
            raise ValueError(f"--chown: {error.reason}") from None
    mode = None
    if chmod := instruction.flag("chmod"):
        mode = _read_mode(expand_word(chmod, env, escape))
    patterns = [expand_word(pattern, env, escape) for pattern in instruction.all_flags("exclude")]
    return Rules(owner, mode, PatternMatcher(patterns).matches if patterns else lambda _path: False)


def _read_mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        raise ValueError(f"--chmod={text}: write an octal number such as 755") from None
    if not 0 <= mode <= 0o7777:
        raise ValueError(f"--chmod={text}: a mode is between 0 and 7777")
    return mode


def _plan_heredocs(
    heredocs: Sequence[Heredoc], destination: Destination, rules: Rules, env: Mapping[str, str], escape: str
) -> Iterator[Item]:
    for heredoc in heredocs:
        text = expand_content(heredoc.content, env, escape) if heredoc.expand else heredoc.content
        mode = 0o644 if rules.mode is None else rules.mode
        yield Item(destination.take(heredoc.name), mode, rules.owner or _ROOT, content=text.encode())


def write_items(
    session: BuildSession,
    state: BuildState,
    items: list[Item],
    destination: Destination,
    below: OverlayTree,
    owner: Ids,
) -> Layer | None:
    session.check_cancelled()
    inputs = {"items": [item.identity() for item in items], "to": destination.path, "owner": list(owner)}
    key = key_of("COPY", state.layers, inputs)
    known, layer = recall(session.store, key) if session.use_cache else (False, None)
    if known:
        session.log("  cached")
        return layer
    root = session.fresh_directory()
    draft = LayerDraft(root, below)
    parent = destination.path if destination.is_directory else posixpath.dirname(destination.path)
    draft.make_directory(parent, 0o755, owner)
    for item in items:
        write_item(draft, item, below)
    layer = None if is_empty(root) else session.store.add_layer(root, session.directory, draft.owners)
    remember(session.store, key, layer)
    return layer


def write_item(draft: LayerDraft, item: Item, below: OverlayTree) -> None:
    existing = OverlayTree([draft.root]).find(item.path) or below.find(item.path)
    if item.source is not None and item.source.is_directory:
        if existing is not None and not existing.is_directory:
            raise ValueError(f"{item.path} is not a directory in the image, but is one in the source")
        if existing is None or not item.only_if_new:
            draft.set_directory(item.path, item.mode, item.owner)
        return
    if existing is not None and existing.is_directory:
        raise ValueError(f"{item.path} is a directory in the image, but a file in the source")
    draft.make_directory(posixpath.dirname(item.path), 0o755, item.owner)
    if item.source is None:
        draft.put_bytes(item.path, item.content, item.mode, item.owner)
    elif item.source.is_link:
        draft.put_link(item.path, str(item.source.read_link()), item.owner)
    elif item.source.is_file:
        draft.put_file(item.path, item.source.host, item.mode, item.owner)


def make_workdir(session: BuildSession, state: BuildState, instruction: Instruction) -> BuildState:
    """WORKDIR makes its directory, owned by the current user, where the image has none."""
    moved = set_workdir(state, instruction, session.escape)
    tree = open_tree(session.store, state.layers)
    path = tree.resolve(moved.workdir)
    existing = tree.find(path)
    if existing is not None:
        if not existing.is_directory:
            raise instruction.failure(f"{moved.workdir} is a file in the image")
        return moved.with_layer(instruction.text, None)
    try:
        owner = find_owner(tree, state.config.user) if state.config.user else _ROOT
    except EngineError as error:
        raise instruction.failure(error.reason) from None
    layer = write_items(session, state, [], Destination(path, True, False), tree, owner)
    return moved.with_layer(instruction.text, layer)
