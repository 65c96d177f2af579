"""Which user and group ids a USER or --chown means inside an image, by the image's own /etc/passwd and /etc/group."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..model import EngineError
from .overlay_tree import OverlayTree

_MOST_ID = 2**32 - 2


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int
    home: str
    groups: tuple[int, ...] = ()  # supplementary


def find_account(tree: OverlayTree, spec: str) -> Account:
    """`spec` is user[:group], by name or number; empty means root. EngineError for a name the image lacks."""
    user, _, group = spec.partition(":")
    user = user or "0"
    users = _read_table(tree, "/etc/passwd", 7)
    groups = _read_table(tree, "/etc/group", 4)
    row = next((row for row in users if row[0] == user), None)
    if row is None and user.isdigit():
        row = next((row for row in users if row[2] == user), None)
    if row is None and not user.isdigit():
        raise EngineError(f"the image has no user {user!r} in /etc/passwd")
    uid = int(row[2]) if row else int(user)
    gid = int(row[3]) if row else 0
    if group:
        gid = _find_group(groups, group)
    if max(uid, gid) > _MOST_ID:
        raise EngineError(f"{spec!r} is not a valid user: an id is at most {_MOST_ID}")
    member_of = () if group or row is None else tuple(int(g[2]) for g in groups if row[0] in g[3].split(","))
    return Account(uid, gid, (row[5] if row else "") or "/", member_of)


def find_owner(tree: OverlayTree, spec: str) -> tuple[int, int]:
    """--chown's user[:group]; a lone number is both ids, as Docker has it."""
    account = find_account(tree, spec)
    if ":" not in spec:
        return account.uid, account.uid if spec.isdigit() else account.gid
    return account.uid, account.gid


def _find_group(groups: list[list[str]], name: str) -> int:
    row = next((row for row in groups if row[0] == name), None)
    if row is not None:
        return int(row[2])
    if name.isdigit():
        return int(name)
    raise EngineError(f"the image has no group {name!r} in /etc/group")


def _read_table(tree: OverlayTree, path: str, fields: int) -> list[list[str]]:
    entry = tree.get(path)
    if entry is None or not entry.is_file:
        return []
    lines = Path(entry.host).read_text(errors="replace").splitlines()
    rows = [line.split(":") for line in lines]
    return [row for row in rows if len(row) >= fields and row[2].isdigit()]
