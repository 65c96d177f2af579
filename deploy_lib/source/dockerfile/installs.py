"""What an install command brings: requirements files, packages by name, or the project itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from deploy_lib.source.option_values import value_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BY_FILE = re.compile(r"(?:[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*)?file:(?://)?([^#;\s]+)")
_OPTIONS_WITH_VALUE = """
    -c --constraint -i --index-url --extra-index-url -f --find-links --trusted-host --prefix --cache-dir --timeout
    --retries --platform --python-version --implementation --abi --python -p --no-binary --only-binary --proxy --cert
    --root --src --wheel-dir -w --upgrade-strategy --progress-bar --global-option --config-settings --group --extra
    --only --with --without -E
"""
_INTO = ("-o", "--out-dir", "--outdir", "--output", "-d", "--dest")
_AS_MODULES = (("pip",), ("uv",), ("poetry",), ("pdm",), ("pipenv",), ("build",))
_BUILDS = ("uv", "poetry", "pdm", "hatch", "flit")
_VALUED = frozenset(_OPTIONS_WITH_VALUE.split())


@dataclass(frozen=True, slots=True)
class Install:
    """All paths are as written. `projects` are what is built and installed; `directories` are filled by it.

    `packed` are those of the projects whose packages are copied into the environment: not the editable ones, which stay
    where they lie.
    """

    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    packed: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()  # projects of which a wheel is built, and nothing is installed
    from_wheels: bool = False  # from wheels that lie in the image


def read_install(name: str, args: tuple[str, ...]) -> Install | None:
    """None for a command that installs no Python package."""
    if re.fullmatch(r"(python|pypy)[\d.]*", name) and args[:1] == ("-m",) and args[1:2] in _AS_MODULES:
        name, args = args[1], args[2:]
        if name == "build":
            return _build(args)
    if name in _BUILDS and args[:1] == ("build",):
        return _build(args[1:])
    if name == "uv":
        return _uv(args)
    if re.fullmatch(r"pip[\d.]*", name):
        return _pip(args)
    if name in ("poetry", "pdm"):
        if args[:1] not in (("install",), ("sync",)):
            return Install()
        projects = () if {"--no-root", "--no-self"} & set(args) else (".",)
        return Install(("pyproject.toml",), (), projects, packed=projects if "--no-editable" in args else ())
    if name == "hatch":
        return Install(("pyproject.toml",), (), (".",)) if args[:2] == ("env", "create") else Install()
    if name == "pipenv":
        return Install(("Pipfile",))
    if re.fullmatch(r"(python|pypy)[\d.]*", name) and args[:1] == ("setup.py",):
        return Install(("setup.py",), (), (".",))
    return None


def _uv(args: tuple[str, ...]) -> Install | None:
    if args[:1] == ("pip",):
        return _pip(args[1:])
    if args[:1] == ("sync",):
        without = {"--no-install-project", "--no-install-workspace"} & set(args)
        projects = () if without else (".",)
        packed = projects if "--no-editable" in args else ()
        return Install(("pyproject.toml",), (), projects, (".venv",), packed)
    if args[:1] == ("venv",):
        return Install(directories=(args[1] if len(args) > 1 and not args[1].startswith("-") else ".venv",))
    return (
        Install() if args[:1] in (("python",), ("cache",), ("tool",), ("--version",), ("lock",), ("export",)) else None
    )


def _build(args: tuple[str, ...]) -> Install:
    """A wheel of the project into dist/; nothing is known of a member of a workspace that is chosen by its name."""
    into = value_of(args, *_INTO) or "dist"
    if {"--package", "--all-packages"} & {word.partition("=")[0] for word in args}:
        return Install(directories=(into,))
    plain = [word for before, word in pairwise(("", *args)) if before not in _INTO and not word.startswith("-")]
    return Install(directories=(into,), wheels=(plain[0] if plain else ".",))


def _pip(args: tuple[str, ...]) -> Install:
    if args[:1] == ("wheel",):
        places = [value for option, value in _words(args[1:]) if not option and _is_place(value)]
        return Install(wheels=tuple(places))
    if "install" not in args and "sync" not in args:
        return Install()
    requirements: list[str] = []
    packages: list[str] = []
    projects: list[str] = []
    target: list[str] = []
    packed: list[str] = []
    from_wheels = False
    for option, value in _words(args[args.index("install" if "install" in args else "sync") + 1 :]):
        if option in ("-r", "--requirement", "--requirements") or (option == "" and args[0] == "sync"):
            requirements.append(value)
        elif option in ("-t", "--target"):
            target.append(value)
        elif option in ("--no-index", "-f", "--find-links"):
            from_wheels = True
        elif option in ("-e", "--editable", ""):
            named = _BY_FILE.match(value)
            from_wheels |= value.endswith((".whl", "*"))
            if named or _is_place(value):
                where = (named[1] if named else value).partition("[")[0].rstrip("/")
                projects.append(where)
                packed += [] if option else [where]
                requirements += [f"{where}/pyproject.toml", f"{where}/setup.py"]
            elif match := _NAME.match(value):
                packages.append(match[0])
    return Install(
        tuple(requirements), tuple(packages), tuple(projects), tuple(target), tuple(packed), from_wheels=from_wheels
    )


def _is_place(word: str) -> bool:
    return word.startswith((".", "/")) or "/" in word.split("[")[0].split("@")[0]


def _words(args: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Options with their values; "" for what stands alone."""
    waiting = iter(args)
    for word in waiting:
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            yield name, value
        elif word in _VALUED or word in ("-r", "--requirement", "--requirements", "-e", "--editable", "-t", "--target"):
            yield word, next(waiting, "")
        elif re.match(r"-[re][^-]", word):
            yield word[:2], word[2:]
        elif word == "--no-index":
            yield word, ""
        elif not word.startswith("-"):
            yield "", word
