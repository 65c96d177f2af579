"""Two images side by side: what the new one holds that the old one did not.

Both are the facts a build left in its journal, so an old release is compared long after its image is gone. Facts
that one side lacks are named as unknown and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Changes:
    """Of one kind of thing, by name. `changed` holds (old, new)."""

    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class ImageComparison:
    """`settings` holds base, base_digest and python; `size` is compressed bytes, old and new."""

    settings: Changes = Changes()
    distributions: Changes = Changes()
    files: Changes = Changes()
    size: tuple[int, int] | None = None
    unknown: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return not (self.settings or self.distributions or self.files or self.unknown)


def compare_images(old: Mapping[str, object], new: Mapping[str, object]) -> ImageComparison:
    """`old` and `new` are Built.facts, also as read back from a journal.

    Keys looked at: base, base_digest, python (texts); distributions (name -> version); files (image path -> git's id
    of the content); image_size (bytes). A key missing on one side puts its name into `unknown`.
    """
    unknown: list[str] = []
    texts = {name: (old.get(name), new.get(name)) for name in ("base", "base_digest", "python")}
    known = {name: pair for name, pair in texts.items() if all(isinstance(value, str) for value in pair)}
    unknown += [name for name, pair in texts.items() if name not in known and any(pair)]
    settings = _changes({k: str(pair[0]) for k, pair in known.items()}, {k: str(pair[1]) for k, pair in known.items()})
    tables: dict[str, Changes] = {}
    for name in ("distributions", "files"):
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            tables[name] = _changes(_texts(before), _texts(after))
        else:
            unknown.append(name)
    sizes = old.get("image_size"), new.get("image_size")
    size = (sizes[0], sizes[1]) if isinstance(sizes[0], int) and isinstance(sizes[1], int) else None
    return ImageComparison(
        settings,
        tables.get("distributions", Changes()),
        tables.get("files", Changes()),
        size,
        tuple(unknown + ([] if size else ["image_size"])),
    )


def _texts(table: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in table.items()}


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
    return Changes(
        added={name: new[name] for name in sorted(new.keys() - old.keys())},
        removed={name: old[name] for name in sorted(old.keys() - new.keys())},
        changed={name: (old[name], new[name]) for name in sorted(old.keys() & new.keys()) if old[name] != new[name]},
    )
