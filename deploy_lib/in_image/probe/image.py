"""Facts of the image: its files, modules and installed distributions."""

from __future__ import annotations

import os
import re
import sys
from _imp import extension_suffixes
from typing import Any, Iterable

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.begin import STDLIB
from deploy_lib.in_image.probe.codes import BEGAN
from deploy_lib.in_image.probe.paths import Territory, read_lines

PRUNED = frozenset(("site-packages", "dist-packages", "__pycache__", ".git"))
SYSTEM = frozenset("/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /proc /root /run /sbin /sys /tmp /usr /var".split())
EXTENSION_SUFFIXES = extension_suffixes()


def walk_files(roots: list[str], limit: int) -> tuple[list[str], bool]:
    """Every file and symlink under the roots, without installed packages and bytecode; whether `limit` cut it."""
    found: list[str] = []
    seen = set()
    for root in roots:
        waiting = [root]
        while waiting:
            directory = waiting.pop()
            if directory in seen:
                continue
            seen.add(directory)
            try:
                entries = sorted(os.scandir(directory), key=lambda e: e.name)
            except OSError:
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    skipped = entry.path in SYSTEM or entry.path in (sys.prefix, sys.base_prefix, STDLIB)
                    if not skipped and entry.name not in PRUNED:
                        waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                    if len(found) >= limit:
                        return found, True
                    if not is_written(entry.path):  # the entrypoint is imported meanwhile
                        found.append(entry.path)
    return found, False


def is_written(path: str) -> bool:
    """Whether it was made or changed since the check began, and so is not as the image has it."""
    try:
        return os.lstat(path).st_ctime >= BEGAN
    except OSError:
        return True


def describe_files(paths: Iterable[str], largest: int) -> list[list[Any]]:
    """[path, size, git blob id] of each; the id is "" above `largest` bytes, None where this user may not read it."""
    rows: list[list[Any]] = []
    for path in paths:
        try:
            size = os.lstat(path).st_size
            rows.append([path, size, identify_blob(path, size) if size <= largest else ""])
        except OSError:
            rows.append([path, 0, None])
    return rows


def identify_blob(path: str, size: int) -> str:
    from hashlib import sha1

    digest = sha1(b"blob %d\0" % size)
    if os.path.islink(path):
        digest.update(os.fsencode(os.readlink(path)))  # as git stores a symlink
    else:
        with open(path, "rb") as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                digest.update(part)
    return digest.hexdigest()


def module_of(root: str, path: str, suffixes: tuple[str, ...]) -> str | None:
    relative = path[len(root.rstrip("/")) + 1 :]
    suffix = next((s for s in suffixes if relative.endswith(s)), None)
    parts = relative[: -len(suffix)].split("/") if suffix else []
    if parts and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def find_modules(files: list[str], path: list[str]) -> dict[str, str]:
    """Module name -> file, for every file that an import could reach from sys.path."""
    suffixes = (".py", *EXTENSION_SUFFIXES)
    modules: dict[str, str] = {}
    deepest_first = sorted((p for p in path if not Territory.is_standard(p)), key=len, reverse=True)
    for file in files:
        for entry in deepest_first:
            if file.startswith(entry.rstrip("/") + "/"):
                name = module_of(entry, file, suffixes)
                if name:
                    modules.setdefault(name, file)
                    break
    return modules


def list_distributions(path: list[str]) -> list[list[str]]:
    """[name, version, metadata directory] of what is installed, told from names: reading each METADATA is slow."""
    found: dict[str, list[str]] = {}
    for directory in path:
        try:
            entries = os.listdir(directory)
        except OSError:
            continue
        for entry in entries:
            stem, suffix = os.path.splitext(entry)
            if suffix not in (".dist-info", ".egg-info"):
                continue
            name, _, version = re.sub(r"-py\d[\d.]*$", "", stem).rpartition("-")
            if not name:
                name, version = version, version_within(os.path.join(directory, entry, "PKG-INFO"))
            key = re.sub(r"[-_.]+", "-", name).lower()
            found.setdefault(key, [key, version, os.path.join(directory, entry)])
    return sorted(found.values())


def stem_of(line: str) -> str:
    """shop/api for the line shop/api.py,sha256=...,120; "" for what is not a module."""
    directory, slash, name = line.strip().split(",")[0].strip('"').rpartition("/")
    return directory + slash + name.partition(".")[0] if name.endswith((".py", ".so", ".pyd")) else ""


def modules_of(metadata: str) -> list[str]:
    """What a distribution brings: its packages, of a namespace the parts in it, and its single modules.

    RECORD lists what a wheel installed, installed-files.txt what setup.py did; an editable one has its names only.
    """
    found = {line.strip() for line in read_lines(os.path.join(metadata, "top_level.txt")) if line.strip()}
    listed = read_lines(os.path.join(metadata, "RECORD"))
    listed = listed or [
        line.replace("../", "", 1) for line in read_lines(os.path.join(metadata, "installed-files.txt"))
    ]
    stems = list(filter(None, map(stem_of, listed)))
    packages = {stem.rpartition("/")[0] for stem in stems if stem.endswith("/__init__")}
    exact = set()
    for stem in stems:
        parts = stem.split("/")
        heads = ["/".join(parts[:end]) for end in range(1, len(parts))]
        name = next((head for head in heads if head in packages), stem).replace("/", ".")
        if all(part.isidentifier() for part in name.split(".")):
            exact.add(name)
    tops = {name.partition(".")[0] for name in exact}
    return sorted(exact | (found - tops))


def loose_modules(directories: list[str], known: Iterable[str]) -> list[str]:
    """What lies in a directory of packages and no distribution names: copied there, or of an unknown kind."""
    named = {name.partition(".")[0] for name in known}
    loose: set[str] = set()
    for directory in directories:
        try:
            entries = os.listdir(directory)
        except OSError:
            continue
        loose.update(entry.partition(".")[0] for entry in entries if "-info" not in entry)
    return sorted(name for name in loose - named if name.isidentifier() and name != "__pycache__")


def version_within(metadata: str) -> str:
    match = re.search(r"^Version: *(.+)$", "".join(read_lines(metadata)), re.M)
    return match.group(1).strip() if match else ""


def describe_image(options: Document, territory: Territory, path: list[str]) -> Document:
    files, cut = walk_files(territory.roots, options["max_files"])
    distributions = [(name, version, modules_of(about)) for name, version, about in list_distributions(path)]
    packages = [p for p in path if not Territory.is_standard(p) and ("-packages" in p or p not in territory.roots)]
    release = dict(line.rstrip("\n").split("=", 1) for line in read_lines("/etc/os-release") if "=" in line)
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "system": release.get("PRETTY_NAME", sys.platform).strip('"'),
        "uid": os.getuid(),
        "workdir": os.getcwd(),
        "path": path,
        "roots": territory.roots,
        "distributions": distributions,
        "loose": loose_modules(packages, [name for _, _, modules in distributions for name in modules]),
        "files": describe_files(files, options["max_hashed"]),
        "files_cut": cut,
        "modules": find_modules(files, path),
    }
