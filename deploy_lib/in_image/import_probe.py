"""Import an application inside its own image and say what would stop it from starting.

Given to the image's interpreter on standard input, so nothing is copied into the image:

    python - '{"nonce": "4f2a", "entrypoint": "shop.main:app"}' < import_probe.py

Every target is imported in a forked process of its own, which starts with what a fresh `python` has loaded and
nothing else; one that exits, hangs or crashes says so and hides nothing. Standard output carries two lines and
nothing more: a compact result that keeps to a byte limit, then the full one. What the application prints goes to
standard error. The exit code is 0 whatever was found, 2 when the probe itself could not run. Only the standard
library, Python 3.8 to 3.14. options.py documents the options, result.py the result; docs/decisions says why.
"""

# pathlib and typing would cost every import check some milliseconds, and zip(strict=) is of Python 3.10:
# ruff: noqa: B905, E402, SIM905, PTH100, PTH109, PTH112, PTH113, PTH114, PTH115, PTH118, PTH119, PTH120, PTH122, PTH208
from __future__ import annotations

import os
import sys

STARTED_WITH = set(sys.modules)  # what any `python` has loaded at start
IMAGE_PATH = list(sys.path)
STDLIB = os.path.dirname(os.__file__)
# The application may hold a json.py or a signal.py: the probe's own imports must not meet them.
sys.path[:] = [p for p in sys.path if p == STDLIB or os.path.basename(p) == "lib-dynload"]

from time import perf_counter, time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would cost every image a few milliseconds
    from importlib.machinery import SourceFileLoader
    from types import FrameType, TracebackType
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple  # noqa: F401

    Document = Dict[str, Any]
else:  # what importlib.machinery would take it from, without what importing that would load
    SourceFileLoader = sys.modules["_frozen_importlib_external"].SourceFileLoader

BEGAN = time()
CODES = {}  # type: Dict[str, Any]


def share_codes() -> None:
    """Keep the code of each source file imported from now on, for this process and those forked from it.

    Official images hold no bytecode of the standard library and most hold none of the application, so every target
    would compile all it imports anew. Only code is shared, no module: each target still executes what it imports.
    """
    original, stat = SourceFileLoader.get_code, os.stat

    def get_code(self: Any, fullname: str) -> Any:
        if type(self) is not SourceFileLoader or stat(self.path).st_ctime >= BEGAN:  # written by an import
            return original(self, fullname)
        code = CODES.get(self.path)
        if code is None:
            code = CODES[self.path] = original(self, fullname)
        return code

    get_code.__code__ = get_code.__code__.replace(co_filename="<frozen importlib._bootstrap_external>")
    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


share_codes()

import _thread
import faulthandler
import json
import marshal
import mmap
import re
import resource
import select
import signal
from _imp import extension_suffixes
from binascii import crc32

EXTENSION_SUFFIXES = extension_suffixes()

SCHEMA = 1
DEFAULTS = {
    "nonce": "",
    "entrypoint": "",
    "main": False,
    "also": [],
    "all": False,
    "exclude": ["setup", "conftest", "*.conftest", "__main__", "*.__main__"],
    "first_party": [],
    "roots": [],
    "import_path": None,
    "timeout": 60.0,
    "total_timeout": 900.0,
    "budget_ms": 200,
    "jobs": 0,
    "max_modules": 5000,
    "max_files": 50000,
    "max_hashed": 64 << 20,
    "on_other_errors": "auto",
    "limit": 3500,
    "secrets": [],
    "metadata": None,
    "shapes": [],
}  # type: Document

# Kinds that mean the image lacks or breaks something; the rest follow `on_other_errors`.
IMPORT_KINDS = (
    "missing_module", "missing_dependency", "missing_name", "circular_import", "syntax_error", "encoding",
    "missing_shared_library", "incompatible_binary", "import_error",
)  # fmt: skip
# Kinds that come of what the check lacks and Cloud Run has.
OFFLINE_KINDS = ("network", "credentials")
# Modules that left the standard library in 3.10 to 3.13: no requirements file can lack them.
REMOVED = frozenset(
    "_bootlocale aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils formatter imghdr imp lib2to3 "
    "mailcap msilib nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib".split()
)
PRUNED = frozenset(("site-packages", "dist-packages", "__pycache__", ".git"))
SYSTEM = frozenset("/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /proc /root /run /sbin /sys /tmp /usr /var".split())
SUPERVISOR_GRACE = 1.0  # seconds between asking an overdue process where it is and killing it


# --- where code comes from ---------------------------------------------------------------------------------------


class Territory:
    """Whose a file or module is: the application's ("first"), a dependency's ("third"), or Python's ("standard")."""

    def __init__(self, options: Document, path: list[str]) -> None:
        self.names = frozenset(options["first_party"])
        installed = [p for p in path if os.path.isdir(p) and not self.is_standard(p)]
        own = [p for p in installed if "-packages" not in p]
        self.roots = [os.path.abspath(p) for p in options["roots"] or own]
        self.site = [p for p in installed if "-packages" in p]
        self.roots += [d for name in options["first_party"] for d in self.package_directories(name, self.site)]

    @staticmethod
    def is_standard(path: str) -> bool:
        return path.startswith(("<frozen", STDLIB)) and "-packages" not in path

    @staticmethod
    def package_directories(name: str, path: list[str]) -> list[str]:
        return [os.path.join(p, name) for p in path if os.path.isdir(os.path.join(p, name))]

    def of_file(self, path: str) -> str:
        if self.is_standard(path):
            return "standard"
        within = [r for r in self.roots if path.startswith(r.rstrip("/") + "/")]
        if any("-packages" not in path[len(root) :] for root in within):
            return "first"
        return "third"

    def of_module(self, name: str) -> str:
        """A missing module belongs to whoever owns its nearest parent that is there."""
        top = name.partition(".")[0]
        if top in self.names:
            return "first"
        known = getattr(sys, "stdlib_module_names", sys.builtin_module_names)
        parent = name
        while parent:
            module = sys.modules.get(parent)
            places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
            for place in places:
                if isinstance(place, str):
                    return self.of_file(place)
            parent = parent.rpartition(".")[0]
        return "standard" if top in known or top in REMOVED else "third"


def application_path(options: Document) -> list[str]:
    """sys.path as the server's own process has it: the working directory, or the script's, comes first."""
    rest = [p for p in IMAGE_PATH if p != ""]
    if options["import_path"] is not None:
        return [os.path.abspath(p) for p in options["import_path"]] + rest
    target = options["entrypoint"].partition(":")[0]
    if is_file(target):
        return [os.path.dirname(os.path.abspath(target)), *rest]
    return rest if getattr(sys.flags, "safe_path", False) else [os.getcwd(), *rest]


def is_file(target: str) -> bool:
    return "/" in target or target.endswith(".py")


# --- facts of the image ------------------------------------------------------------------------------------------


def walk_files(roots: list[str], limit: int) -> tuple[list[str], bool]:
    """Every file and symlink under the roots, without installed packages and bytecode; whether `limit` cut it."""
    found = []  # type: List[str]
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
    rows = []  # type: List[List[Any]]
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
    modules = {}  # type: Dict[str, str]
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
    found = {}  # type: Dict[str, List[str]]
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


def version_within(metadata: str) -> str:
    match = re.search(r"^Version: *(.+)$", "".join(read_lines(metadata)), re.M)
    return match.group(1).strip() if match else ""


def read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except (OSError, ValueError):
        return []


def describe_image(options: Document, territory: Territory, path: list[str]) -> Document:
    files, cut = walk_files(territory.roots, options["max_files"])
    release = dict(line.rstrip("\n").split("=", 1) for line in read_lines("/etc/os-release") if "=" in line)
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "system": release.get("PRETTY_NAME", sys.platform).strip('"'),
        "binary_tag": EXTENSION_SUFFIXES[0] if EXTENSION_SUFFIXES else "",
        "uid": os.getuid(),
        "workdir": os.getcwd(),
        "path": path,
        "roots": territory.roots,
        "distributions": [row[:2] for row in list_distributions(path)],
        "files": describe_files(files, options["max_hashed"]),
        "files_cut": cut,
        "modules": find_modules(files, path),
    }


# --- inside a target's own process -------------------------------------------------------------------------------


class Board:
    """Memory shared with the supervisor. It outlives the target's process, however that ends.

    The first four bytes say how long the list of imports under way is, the next four how long the report is, and four
    more how long the note about the last use of the network.
    """

    REPORT = 1 << 14
    NOTE = 1 << 20
    SIZE = NOTE + (1 << 13)

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, self.SIZE)
        self.ends = [12]

    def push(self, name: str) -> None:
        text = name.encode("utf-8", "replace") + b"\n"
        end = self.ends[-1] + len(text)
        if end < self.REPORT:
            self.memory[self.ends[-1] : end] = text
            self.memory[:4] = end.to_bytes(4, "little")
        self.ends.append(min(end, self.REPORT))

    def pop(self) -> None:
        self.ends.pop()
        self.memory[:4] = self.ends[-1].to_bytes(4, "little")

    def post(self, report: Document) -> None:
        for part in (None, "sources", "loaded", "reads", "failure"):  # what to go without when it does not fit
            report.pop(part or "", None)
            text = json.dumps(report).encode("ascii")
            if len(text) <= self.NOTE - self.REPORT:
                self.memory[self.REPORT : self.REPORT + len(text)] = text
                self.memory[4:8] = len(text).to_bytes(4, "little")
                return

    def note_network(self, use: list[Any]) -> None:
        text = json.dumps(use).encode("ascii")
        if len(text) <= self.SIZE - self.NOTE:
            self.memory[self.NOTE : self.NOTE + len(text)] = text
            self.memory[8:12] = len(text).to_bytes(4, "little")

    def read(self) -> tuple[list[str], Document, list[Any]]:
        """Imports under way, the report, and the last use of the network: its address and who asked."""
        stack_end, length, noted = (int.from_bytes(self.memory[i : i + 4], "little") for i in (0, 4, 8))
        names = self.memory[12:stack_end].decode("utf-8", "replace").split("\n") if stack_end > 12 else []
        text = self.memory[self.REPORT : self.REPORT + length]
        note = self.memory[self.NOTE : self.NOTE + noted]
        self.memory.close()
        return [n for n in names if n], json.loads(text) if length else {}, json.loads(note) if noted else []


def forget_probe(path: list[str], argument: str) -> None:
    """Leave the interpreter as a fresh one: the probe's modules must not be found loaded, nor hide the image's."""
    for name in set(sys.modules) - STARTED_WITH:
        parent, _, child = name.rpartition(".")
        del sys.modules[name]
        if parent in STARTED_WITH and hasattr(sys.modules.get(parent), child):
            delattr(sys.modules[parent], child)
    sys.modules["__main__"] = type(sys)("__main__")
    sys.path[:] = path
    sys.argv[:] = [argument]


def watch_imports(board: Board) -> dict[str, tuple[float, float]]:
    """Times by module, filled as imports end: (own seconds, with what it imports). Keeps the board's list of names.

    All forms of import pass through this one function of the import system, once per module not yet loaded.
    """
    times = {}  # type: Dict[str, Tuple[float, float]]
    bootstrap = sys.modules["_frozen_importlib"]  # type: Any
    original, main, inner = bootstrap._find_and_load, _thread.get_ident(), [0.0]

    def find_and_load(name: str, import_: Any) -> Any:
        if _thread.get_ident() != main:
            return original(name, import_)
        board.push(name)
        inner.append(0.0)
        began = perf_counter()
        try:
            return original(name, import_)
        finally:
            spent = perf_counter() - began
            nested = inner.pop()
            inner[-1] += spent
            times.setdefault(name, (spent - nested, spent))
            board.pop()

    # Python leaves frames of this file out of the tracebacks that the application prints.
    find_and_load.__code__ = find_and_load.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    bootstrap._find_and_load = find_and_load
    return times


def watch_environment() -> dict[str, Document]:
    """Names of the variables read, with the first place, whether set, and whether an unset one raised KeyError."""
    reads = {}  # type: Dict[str, Document]
    mapping = type(os.environ)  # type: Any
    original = mapping.__getitem__

    def read(self: Any, key: Any) -> Any:
        try:
            value = original(self, key)
        except KeyError:
            note(key, False)
            raise
        note(key, True)
        return value

    def note(key: Any, found: bool) -> None:
        frame = sys._getframe(2)  # type: Optional[FrameType]
        soft = False
        while frame and frame.f_globals.get("__name__") in ("os", "collections.abc"):
            soft, frame = True, frame.f_back  # os.getenv(NAME), NAME in os.environ
        if isinstance(key, str):
            place = "%s:%d" % (frame.f_code.co_filename, frame.f_lineno) if frame else ""
            entry = reads.setdefault(key, {"name": key, "found": found, "required": False, "place": place})
            entry["required"] = entry["required"] or not (found or soft)

    mapping.__getitem__ = read
    return reads


def watch_network(board: Board, territory: Territory) -> None:
    """Keep who of the application asked for which address last. Libraries in C that ask by themselves go unseen."""
    busy = []  # type: List[bool]

    def hear(event: str, args: Any) -> None:
        if event not in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname") or busy:
            return
        busy.append(True)
        try:
            place = args[1] if event == "socket.connect" else args[:2]
            address = ":".join(str(part) for part in place[:2]) if isinstance(place, tuple) else str(place)
            if address != METADATA_ADDRESS:
                board.note_network([address, own_functions(sys._getframe(1), territory)])
        except Exception:  # whatever was given as an address
            return
        finally:
            busy.pop()

    sys.addaudithook(hear)


METADATA_ADDRESS = ""


def resolve_metadata() -> None:
    """The metadata server's name and address lead to the one that answers here, for code that looks it up itself."""
    if not METADATA_ADDRESS:
        return
    import _socket

    original, here = _socket.getaddrinfo, METADATA_ADDRESS.rpartition(":")

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if name in METADATA_NAMES and str(port) in ("80", "http"):
            return original(here[0], int(here[2]), *rest, **more)
        return original(host, port, *rest, **more)

    _socket.getaddrinfo = getaddrinfo


METADATA_NAMES = ("metadata.google.internal", "metadata.google.internal.", "metadata", "169.254.169.254")


def own_functions(frame: FrameType | None, territory: Territory) -> list[list[Any]]:
    """[file, function, line] of the application's own frames, innermost first."""
    found = []  # type: List[List[Any]]
    while frame and len(found) < 8:
        file = frame.f_code.co_filename
        if frame.f_globals is not globals() and not is_machinery(file) and territory.of_file(file) == "first":
            found.append([file, frame.f_code.co_name, frame.f_lineno])
        frame = frame.f_back
    return found


def watch_exit(crash: int) -> None:
    """os._exit leaves no exception behind: say where it was called from before it goes."""
    leave, own = os._exit, os.getpid()

    def leave_with_trace(status: int) -> Any:
        if os.getpid() == own:
            faulthandler.dump_traceback(crash, all_threads=False)
        leave(status)

    os._exit = leave_with_trace


def import_target(target: str, main: bool) -> Document | None:
    """Import it as the server would; the failure if the attribute after the colon is not there.

    With `main` Python itself runs it, so that its last lines count too: what they import, not what they start.
    """
    name, _, attribute = target.partition(":")
    if is_file(name):
        if not os.path.isfile(name):
            return {"kind": "missing_module", "module": name, "party": "first", "message": "no file %s" % name}
        stem = os.path.splitext(os.path.basename(name))[0]
        loader = SourceFileLoader(stem, os.path.abspath(name))
        module = type(sys)(stem)  # type: Any
        module.__file__ = loader.path
        sys.modules[stem] = module
        exec(loader.get_code(stem), module.__dict__)  # type: ignore[arg-type]
    else:
        __import__(name)
        module = sys.modules[name]
    if main:
        failure = import_as_main(name, module)
        if failure:
            return failure
    value = module
    for part in attribute.replace("()", "").split(".") if attribute else []:
        if getattr(value, part, None) is None:
            state = "is None" if hasattr(value, part) else "is not there"
            return {
                "kind": "missing_name", "module": name, "name": part, "party": "first",
                "message": "%s was imported, but its %s %s" % (name, part, state), "candidates": dir(value)[:500],
            }  # fmt: skip
        value = getattr(value, part)
    return None


def import_as_main(name: str, module: Any) -> Document | None:
    """What the module imports where it is __main__; of a package, all that its __main__ imports before it starts."""
    if hasattr(module, "__path__"):
        bootstrap = sys.modules["_frozen_importlib"]  # type: Any
        spec = bootstrap._find_spec(name + ".__main__", module.__path__)
        if spec is None:
            said = "%s is a package without a __main__, which python -m cannot run" % name
            return {"kind": "missing_module", "module": name + ".__main__", "party": "first", "message": said}
        space, file = {"__name__": "__main__", "__package__": name, "__file__": spec.origin}, spec.origin
    else:
        space, file = module.__dict__, module.__file__
    if not file or not file.endswith(".py"):
        return None
    with open(file, "rb") as opened:
        tree = compile(opened.read(), file, "exec", 0x400, True)  # type: Any # PyCF_ONLY_AST, without the module ast
    body = tree.body if space is not module.__dict__ else [each for each in tree.body if is_main_guard(each)]
    tree.body = imports_of(body, {each.name: each for each in tree.body if is_function(each)})
    exec(compile(tree, file, "exec", 0, True), space)
    return None


def imports_of(body: list[Any], functions: dict[str, Any]) -> list[Any]:
    """The imports among statements that run, also behind `if __name__ == "__main__"` and of functions called there."""
    kept = []  # type: List[Any]
    for each in body:
        kind = type(each).__name__
        if kind in ("Import", "ImportFrom") or changes_path(each):
            kept.append(each)
        elif kind == "Try" and all(is_plain(inner) for inner in each.body):
            if all(is_plain(inner) for handler in each.handlers for inner in handler.body):
                kept.append(each)
        elif is_main_guard(each):
            kept += imports_of(each.body, functions)
        elif kind == "Expr":
            for called in calls_in(each.value):
                if called in functions:  # once: a function may call itself
                    kept += imports_of(functions.pop(called).body, functions)
    return kept


def is_function(node: Any) -> bool:
    return type(node).__name__ in ("FunctionDef", "AsyncFunctionDef")


def is_plain(node: Any) -> bool:
    """Imports, and what stands beside them where one of them is missing: pass, name = None."""
    kind = type(node).__name__
    return kind in ("Import", "ImportFrom", "Pass") or (kind == "Assign" and not calls_in(node.value))


def is_main_guard(node: Any) -> bool:
    """if __name__ == "__main__":"""
    test = getattr(node, "test", None) if type(node).__name__ == "If" else None  # type: Any
    if type(test).__name__ != "Compare" or type(test.ops[0]).__name__ != "Eq":
        return False
    sides = [test.left, test.comparators[0]]
    names = [getattr(side, "id", "") for side in sides]
    return "__name__" in names and "__main__" in [getattr(side, "value", getattr(side, "s", "")) for side in sides]


def changes_path(node: Any) -> bool:
    """sys.path.insert(0, ...), and what is worked out from __file__ for it."""
    kind = type(node).__name__
    if kind == "Assign":
        return "__file__" in names_in(node.value)
    called = getattr(node.value, "func", None) if kind == "Expr" else None
    place = getattr(called, "value", None)  # type: Any
    return getattr(place, "attr", "") == "path" and getattr(place.value, "id", "") == "sys"


def walk(node: Any) -> Iterator[Any]:
    """The node and all below it; of functions and lambdas only their names, since they do not run."""
    yield node
    for field in () if is_function(node) or type(node).__name__ == "Lambda" else node._fields:
        value = getattr(node, field, None)
        for each in value if isinstance(value, list) else [value]:
            if hasattr(each, "_fields"):
                yield from walk(each)


def names_in(node: Any) -> list[str]:
    return [each.id for each in walk(node) if type(each).__name__ == "Name"]


def calls_in(node: Any) -> list[str]:
    """Names of the functions that are called: main() of sys.exit(main()); "" for any other."""
    return [getattr(each.func, "id", "") for each in walk(node) if type(each).__name__ == "Call"]


def try_target(
    target: str, board: Board, crash: int, territory: Territory, with_loaded: bool, main: bool = False
) -> None:
    faulthandler.enable(crash, all_threads=False)
    leave = os._exit
    watch_exit(crash)
    watch_network(board, territory)
    resolve_metadata()
    reads, times = watch_environment(), watch_imports(board)
    known = set(CODES)
    began = perf_counter()
    try:
        failure = import_target(target, main)
    except BaseException as error:
        failure = describe_failure(error, territory, reads)
    spent = perf_counter() - began
    slow = sorted(((own, total, name) for name, (own, total) in times.items() if own > 0.001), reverse=True)[:20]
    board.post(
        {
            "ms": round(spent * 1000, 1),
            "failure": failure,
            "slow": [[name, round(own * 1000, 1), round(total * 1000, 1)] for own, total, name in slow],
            "reads": list(reads.values())[:300],
            "sources": [file for file in CODES if file not in known],
            "loaded": [
                [name, round(times[name][1] * 1000, 1)]
                for name in (list(sys.modules) if with_loaded else ())
                if name in times and territory.of_module(name) != "first"
            ],
        }
    )
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # the application may have put anything there
            continue
    leave(0)


# --- what a failure means ----------------------------------------------------------------------------------------

SHARED_LIBRARY = re.compile(
    r"([\w.+-]+\.so[\w.]*): cannot open shared object file|Error loading shared library ([\w.+-]+): No such file"
)
INCOMPATIBLE = re.compile(
    r"undefined symbol: \w+|version `[\w.]+' not found|invalid ELF header|file too short|wrong ELF class"
    r"|Exec format error|Error relocating .*: symbol not found"
)
CIRCULAR = re.compile(r"partially initialized module '([\w.]+)'|most likely due to a circular import")
NO_NAME = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
NO_ATTRIBUTE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")


# Words of libraries whose own exceptions hide the system's error, or that ask the network in C.
OFFLINE = re.compile(
    r"Temporary failure in name resolution|Name or service not known|nodename nor servname|No address associated with"
    r"|could not translate host name|Name does not resolve|Name resolution|getaddrinfo|Unknown (MySQL server )?host"
    r"|Connection refused|Network is unreachable|No route to host|Can't connect to|[Cc]ould not connect to"
    r"|[Ff]ailed to connect to|Cannot assign requested address|connection to server .* failed|NoBrokersAvailable"
    r"|actively refused|Max retries exceeded|[Tt]emporarily unavailable.*DNS|DNS (resolution|query)",
)
WITHOUT_CREDENTIALS = re.compile(
    r"(google\.auth|google\.oauth2)\b.*:(DefaultCredentials|Refresh|Reauth|MutualTLSChannel)Error"
    r"|google\.api_core\b.*:(Unauthorized|Unauthenticated|Forbidden|PermissionDenied)"
    r"|botocore\b.*:(NoCredentials|PartialCredentials|CredentialRetrieval|TokenRetrieval|NoAuthToken)\w*Error"
    r"|azure\.\w+\b.*:(CredentialUnavailable|ClientAuthentication)Error"
)
WITHOUT_NETWORK = re.compile(
    r"google\.auth\b.*:TransportError|google\.api_core\b.*:(ServiceUnavailable|RetryError|DeadlineExceeded|GatewayTimeout)"
    r"|botocore\b.*:(EndpointConnection|ConnectTimeout|ConnectionClosed|HTTPClient)Error"
    r"|(urllib3|requests|httpx|httpcore|aiohttp)\b.*:\w*(Connect|Resolution|Timeout|Retry)\w*"
)
MISTAKES = (NameError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, SyntaxError)

NAMES_OF_MISTAKES = frozenset(kind.__name__ for kind in MISTAKES)


def offline_kind(error: BaseException, message: str) -> str | None:
    """Whether it came of the network or the credentials that the check does not have."""
    names = ["%s:%s" % (kind.__module__, kind.__qualname__) for kind in type(error).__mro__]
    if any(WITHOUT_CREDENTIALS.match(name) for name in names):
        return "credentials"
    if any(WITHOUT_NETWORK.match(name) for name in names):
        return "network"
    return "network" if OFFLINE.search(message) and not isinstance(error, MISTAKES) else None


def text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message cannot be printed)"


def links_of(error: BaseException) -> list[BaseException]:
    """The exception and those behind it, outermost first."""
    links = []  # type: List[BaseException]
    link = error  # type: Optional[BaseException]
    while link is not None and link not in links and len(links) < 20:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links


def describe_failure(error: BaseException, territory: Territory, reads: dict[str, Document]) -> Document:
    links = links_of(error)
    unset = [name for name, read in reads.items() if not read["found"]]
    described = [describe_link(link, territory, unset) for link in links]
    vague = ("other", "exit", "import_error")
    chosen = next((i for i, d in enumerate(described) if d["kind"] not in vague), 0)
    failure = described[chosen]
    exits = [link.code for link in links if isinstance(link, SystemExit)]
    chain = chain_of(links[: chosen + 1])
    failure["chain"] = chain
    failure["causes"] = [[type(link).__qualname__, d["message"][:500]] for link, d in zip(links, described)][:5]
    if exits:
        failure["exit_code"] = exits[0] if isinstance(exits[0], int) else 0 if exits[0] is None else 1
    if failure["kind"] == "circular_import":
        names = [frame["module"] for frame in chain if frame["function"] == "<module>"]
        start = names.index(failure["module"]) if failure["module"] in names else 0
        failure["cycle"] = [*names[start:], failure["module"]]
    failure.setdefault("party", territory.of_file(chain[-1]["file"]) if chain else None)
    place = chain[-1]["file"] if chain else ""
    failure["unset"] = [name for name in unset if place and reads[name]["place"].startswith(place + ":")][:10]
    if failure["party"] == "third" and "distribution" not in failure:
        top = (failure.get("module") or module_at(chain)).partition(".")[0]
        failure["distribution"] = distribution_of(top, territory.site)
    return failure


def describe_link(error: BaseException, territory: Territory, unset: list[str]) -> Document:
    """Kind, message and what is missing, from one exception alone."""
    message = text_of(error)
    kind, found = name_kind(error, message, unset)
    message = found.pop("message", message)
    module = found.get("module")
    if module and kind in ("missing_module", "missing_name", "circular_import"):
        found["party"] = territory.of_module(module)
    if kind == "missing_module" and found["party"] != "first":
        kind = "missing_dependency"
    return dict(found, kind=kind, exception=type(error).__qualname__, message=message[:2000])


def name_kind(error: BaseException, message: str, unset: list[str]) -> tuple[str, Document]:
    if isinstance(error, SyntaxError):
        decoding = re.search(r"encoding|unicode error|Non-UTF-8|null bytes", message)
        return ("encoding" if decoding else "syntax_error"), {}
    if isinstance(error, UnicodeDecodeError) or (isinstance(error, ValueError) and "null bytes" in message):
        return "encoding", {}
    library = SHARED_LIBRARY.search(message) if isinstance(error, (ImportError, OSError)) else None
    if library:
        return "missing_shared_library", {"library": library.group(1) or library.group(2)}
    if isinstance(error, (ImportError, OSError)) and INCOMPATIBLE.search(message):
        return "incompatible_binary", {}
    if isinstance(error, (ImportError, AttributeError)):
        return name_import_kind(error, message)
    offline = offline_kind(error, message)
    if offline:
        return offline, {}
    if isinstance(error, OSError):
        return name_system_kind(error), {}
    if isinstance(error, MemoryError):
        return "memory", {}
    if type(error).__name__ == "ValidationError" and hasattr(error, "errors"):
        return read_settings_error(error)
    named = [name for name in unset if len(name) > 2 and re.search(r"\b%s\b" % re.escape(name), message)]
    if named and not isinstance(error, (NameError, TypeError)):
        return "environment_variable", {"variables": named[:20]}
    return ("exit" if isinstance(error, SystemExit) else "other"), {}


def name_import_kind(error: BaseException, message: str) -> tuple[str, Document]:
    circular, no_name, no_attribute = (p.search(message) for p in (CIRCULAR, NO_NAME, NO_ATTRIBUTE))
    module = getattr(error, "name", None)
    if isinstance(error, AttributeError):
        module = None  # there it names the attribute
    if circular:
        return "circular_import", {"module": circular.group(1) or module, "name": no_name.group(1) if no_name else None}
    if no_name:
        return "missing_name", {
            "module": no_name.group(2),
            "name": no_name.group(1),
            "file": getattr(error, "path", None),
        }
    if no_attribute:
        return "missing_name", {"module": no_attribute.group(1), "name": no_attribute.group(2)}
    if type(error).__name__ == "PackageNotFoundError":
        named = module or "".join(map(str, error.args[:1]))  # before 3.10 it has no name of its own
        return "missing_dependency", {"distribution": str(named), "party": "third"}
    if isinstance(error, ModuleNotFoundError) and module:
        return "missing_module", {"module": str(module)}
    return ("import_error" if isinstance(error, ImportError) else "other"), {}


def name_system_kind(error: OSError) -> str:
    """Three come from how the probe is run or by whom, so they must not read as the application's own mistake."""
    import errno

    if error.errno == errno.EROFS:
        return "read_only_disk"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission"
    offline = (errno.ENETUNREACH, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT)
    if error.errno in offline or type(error).__name__ in ("gaierror", "herror", "timeout", "TimeoutError"):
        return "network"
    return "other"


def read_settings_error(error: Any) -> tuple[str, Document]:
    """Fields of a pydantic ValidationError. Its own message quotes the input, which may be a secret."""
    owner = getattr(error, "model", None)
    trace = error.__traceback__
    while trace:
        if re.match(r"pydantic_settings|pydantic(\.v1)?\.env_settings", str(trace.tb_frame.f_globals.get("__name__"))):
            values = trace.tb_frame.f_locals
            holder = values.get("__pydantic_self__", values.get("self"))
            owner = type(holder) if holder is not None else owner
        trace = trace.tb_next
    problems = [(".".join(map(str, e.get("loc", ()))), str(e.get("msg", ""))) for e in error.errors()][:20]
    message = "%s: %s" % (getattr(error, "title", "settings"), "; ".join(": ".join(p) for p in problems))
    if owner is None or not any(base.__name__ == "BaseSettings" for base in getattr(owner, "__mro__", ())):
        return "other", {"message": message}
    variables = [variable_of(owner, field) for field, _ in problems]
    return "environment_variable", {"variables": variables, "message": message}


def variable_of(owner: Any, field: str) -> str:
    top = field.partition(".")[0]
    old = getattr(owner, "__fields__", {}) if not hasattr(owner, "model_fields") else {}
    if top in old:
        extra = old[top].field_info.extra
        return str(sorted(extra.get("env_names", [top]))[0]).upper()
    if top in getattr(owner, "model_fields", {}):
        return (str(owner.model_config.get("env_prefix", "")) + top).upper()
    return top if top.isupper() else top.upper()  # an alias is reported by its own name


def distribution_of(top: str, site: list[str]) -> str | None:
    """name==version of the installed distribution that holds a top-level module."""
    for name, version, metadata in list_distributions(site):
        tops = {line.strip() for line in read_lines(os.path.join(metadata, "top_level.txt"))}
        tops |= {line.partition("/")[0] for line in read_lines(os.path.join(metadata, "RECORD"))}
        if top and (name.replace("-", "_") == top or top in tops or top + ".py" in {t.partition(",")[0] for t in tops}):
            return "%s==%s" % (name, version)
    return None


def module_at(chain: list[Document]) -> str:
    return str(chain[-1]["module"] or "") if chain else ""


def chain_of(links: list[BaseException]) -> list[Document]:
    """Frames from the target's first line to the failing statement, the import system's own left out.

    The frames of an exception caught and followed by another start where it was caught; the outer one's lead there.
    """
    frames = []  # type: List[Tuple[FrameType, int]]
    for link in links:
        inner = frames_of(link.__traceback__)
        if inner:
            shared = next((i for i, (frame, _) in enumerate(frames) if frame is inner[0][0]), len(frames))
            frames = frames[:shared] + inner
    if len(frames) > 60:
        frames = frames[:20] + frames[-40:]
    chain = [
        describe_frame(frame.f_code.co_filename, line, frame.f_globals.get("__name__"), frame.f_code.co_name)
        for frame, line in frames
    ]
    last = links[-1]
    if isinstance(last, SyntaxError) and last.filename:
        chain.append(describe_frame(last.filename, last.lineno or 0, None, ""))
    return chain


def frames_of(trace: TracebackType | None) -> list[tuple[FrameType, int]]:
    frames = []
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if trace.tb_frame.f_globals is not globals() and not is_machinery(file):
            frames.append((trace.tb_frame, trace.tb_lineno or 0))
        trace = trace.tb_next
    return frames


def is_machinery(file: str) -> bool:
    return file.startswith("<frozen importlib") or file.endswith("/importlib/__init__.py")


def describe_frame(file: str, line: int, module: Any, function: str) -> Document:
    lines = read_lines(file)
    text = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
    return {"file": file, "line": line, "module": module, "function": function, "text": text}


# --- supervising -------------------------------------------------------------------------------------------------


class Mask:
    """Hides values known to be secret, and what looks like one. Most applications print nothing to compile it for."""

    def __init__(self, options: Document) -> None:
        self.hidden = {os.environ[n]: n for n in options["secrets"] if len(os.environ.get(n, "")) >= 4}
        self.shapes, self.compiled = options["shapes"], []  # type: Any, List[Tuple[Any, str]]

    def text(self, text: str) -> str:
        for secret, name in self.hidden.items():
            text = text.replace(secret, "<%s>" % name)
        if text and self.shapes and not self.compiled:
            self.compiled = [(re.compile(pattern), instead) for pattern, instead in self.shapes]
        if self.compiled and self.compiled[0][0].search(text):
            for pattern, instead in self.compiled[1:]:
                text = pattern.sub(instead, text)
        return text

    def data(self, data: bytes) -> bytes:
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return self.text(value) if isinstance(value, str) else value


class Running:
    """One target under way."""

    def __init__(self, target: str, deadline: float, mask: Mask) -> None:
        self.target, self.deadline, self.mask, self.pending = target, deadline, mask, b""
        self.board, self.began = Board(), perf_counter()
        self.crash, self.crash_end = os.pipe()
        self.output, self.output_end = os.pipe()
        self.pid, self.overdue, self.tail, self.passed_on = 0, False, b"", 0
        self.memory_kills = count_memory_kills()
        os.set_blocking(self.output, False)
        os.set_blocking(self.crash, False)

    def pump(self) -> None:
        """Pass its prints on to standard error, 256 KiB of them, and keep the last ones."""
        while True:
            data = read_some(self.output)
            if not data:
                return
            self.pending += data
            whole = self.pending.rfind(b"\n") + 1
            if b"-----BEGIN" in self.pending and b"-----END" not in self.pending and len(self.pending) < 1 << 16:
                whole = 0  # a key of several lines is masked as a whole
            self.pass_on(whole or (len(self.pending) if len(self.pending) >= 1 << 16 else 0))

    def pass_on(self, length: int) -> None:
        """So much of what is pending, without secrets."""
        data, self.pending = self.mask.data(self.pending[:length]), self.pending[length:]
        self.tail = (self.tail + data)[-2000:]
        if self.passed_on < 1 << 18:
            write_all(2, data)
        self.passed_on += len(data)


def read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        return b""


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:
            return


class Supervisor:
    """Imports targets, each in a child forked from this process, a few at a time."""

    def __init__(self, options: Document, territory: Territory, path: list[str], fresh: bool) -> None:
        self.options, self.territory, self.path, self.fresh = options, territory, path, fresh
        self.mask = Mask(options)
        self.running = {}  # type: Dict[int, Running]
        self.private = []  # type: List[int]

    def run(self, targets: list[str], jobs: int, deadline: float, finished: Callable[[Document], None]) -> None:
        """Calls `finished` with each result as it comes; targets not begun by the deadline are not reported."""
        wake, wake_end = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler must exist for the wake-up byte to be written
        waiting = targets[::-1]
        while waiting or self.running:
            while waiting and len(self.running) < jobs and perf_counter() < deadline:
                self.start(waiting.pop(), min(deadline, perf_counter() + self.options["timeout"]), (wake, wake_end))
            if not self.running:
                break
            self.wait(wake)
            for running in list(self.running.values()):
                running.pump()
                if os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    finished(self.reap(running))
                elif perf_counter() > running.deadline:
                    self.hurry(running)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(wake)
        os.close(wake_end)

    def start(self, target: str, deadline: float, wake: tuple[int, int]) -> None:
        running = Running(target, deadline, self.mask)
        running.pid = os.fork()
        if running.pid:
            settle_group(running.pid)
            os.close(running.crash_end)
            os.close(running.output_end)
            self.running[running.pid] = running
            return
        leave = os._exit
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(running.output_end, 1)
            os.dup2(running.output_end, 2)
            others = [d for r in self.running.values() for d in (r.crash, r.output)]
            close_all([*wake, *others, *self.private, running.crash, running.output, running.output_end])
            offer_to_memory_killer()
            if self.fresh:
                forget_probe(self.path, self.options["entrypoint"])
            main = self.options["main"] and target == self.options["entrypoint"]
            try_target(target, running.board, running.crash_end, self.territory, self.fresh, main)
        finally:
            leave(70)

    def wait(self, wake: int) -> None:
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        for running in self.running.values():
            poll.register(running.output, select.POLLIN)
        soonest = min(running.deadline for running in self.running.values())
        for descriptor, event in poll.poll(max(1.0, (soonest - perf_counter()) * 1000 + 1)):
            if descriptor == wake:
                read_some(wake)
            elif event & select.POLLHUP and not event & select.POLLIN:
                poll.unregister(descriptor)

    def hurry(self, running: Running) -> None:
        """First ask where it is: faulthandler answers SIGABRT even from a loop in C. Then kill it."""
        os.kill(running.pid, signal.SIGKILL if running.overdue else signal.SIGABRT)
        running.overdue, running.deadline = True, perf_counter() + SUPERVISOR_GRACE

    def reap(self, running: Running) -> Document:
        del self.running[running.pid]
        kill_group(running.pid)  # what it left behind; its number cannot be taken while it is not reaped
        _, status, usage = os.wait4(running.pid, 0)
        running.pump()
        running.pass_on(len(running.pending))
        crash = read_some(running.crash).decode("utf-8", "replace")
        os.close(running.crash)
        os.close(running.output)
        stack, report, use = running.board.read()
        if not report:
            report = {"failure": self.describe_death(running, status, crash, stack)}
        elif report.get("failure"):
            report["failure"]["output"] = running.tail.decode("utf-8", "replace")
        if report.get("failure"):
            blame_network(report["failure"], use, self.territory)
        if not self.fresh:
            learn_codes(report.pop("sources", ()))  # the targets to come need not compile them again
        report.setdefault("ms", round((perf_counter() - running.began) * 1000, 1))
        report["peak_kb"] = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
        return dict(report, name=running.target)

    def describe_death(self, running: Running, status: int, crash: str, stack: list[str]) -> Document:
        chain = [
            describe_frame(file, int(line), None, function)
            for file, line, function in re.findall(r'^  File "(.*)", line (\d+) in (.*)$', crash, re.M)[::-1]
            if not is_machinery(file) and file != self.run.__code__.co_filename
        ] or [{"file": "", "line": 0, "module": name, "function": "<module>", "text": ""} for name in stack]
        failure = {
            "chain": chain, "causes": [], "output": running.tail.decode("utf-8", "replace"),
            "party": self.territory.of_file(chain[-1]["file"]) if chain else None,
            "importing": stack, "exception": "",
        }  # type: Document  # fmt: skip
        if running.overdue:
            message = "still importing after %g s" % self.options["timeout"]
            return dict(failure, kind="hang", message=message)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            starved = number == signal.SIGKILL and count_memory_kills() > running.memory_kills
            message = "killed by signal %d (%s)" % (number, signal.strsignal(number) if number else "")
            return dict(failure, kind="memory" if starved else "killed", message=message, signal=number)
        code = os.WEXITSTATUS(status)
        return dict(
            failure, kind="exit", exit_code=code, message="the process ended with status %d during the import" % code
        )


NEAR = 6  # lines


def blame_network(failure: Document, use: list[Any], territory: Territory) -> None:
    """An error of the application's own making that followed upon what it asked of the network, or said so itself.

    The function that failed must have asked, a few lines before: what was caught long ago explains nothing. A loop
    that does not end may have asked anywhere in it.
    """
    if failure["kind"] not in ("other", "exit", "hang") or failure.get("exception") in NAMES_OF_MISTAKES:
        return
    own = [frame for frame in failure["chain"] if territory.of_file(frame["file"]) == "first"]
    asked = False
    for file, function, line in use[1] if use else ():
        for frame in own:
            if (frame["file"], frame["function"]) == (file, function):
                after, last = frame["line"] - line, frame is own[-1]
                asked = asked or (last if failure["kind"] == "hang" else 0 < after <= NEAR or (last and after == 0))
    told = failure["kind"] != "other" and OFFLINE.search(failure.get("output") or "")
    if asked or told:
        failure["message"] = failure["message"] + (" after asking for %s" % use[0] if asked else "")
        failure["kind"] = "network"


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        try:
            os.close(descriptor)
        except OSError:
            continue


def settle_group(pid: int) -> None:
    try:
        os.setpgid(pid, pid)  # both sides ask, so neither has to wait for the other
    except OSError:
        return


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return


def count_memory_kills() -> int:
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        for line in read_lines(path):
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def offer_to_memory_killer() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")  # the supervisor must live to tell
    except OSError:
        return


# --- many targets ------------------------------------------------------------------------------------------------


def fork_call(work: Callable[[int], None]) -> tuple[int, int]:
    """Run `work` with the writing end of a pipe in a child; the child's id and the reading end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        settle_group(pid)
        os.close(writing)
        return pid, reading
    try:
        os.setpgid(0, 0)
        os.close(reading)
        work(writing)
    finally:
        os._exit(0)


def collect(reading: int, deadline: float, pid: int) -> bytes:
    """All it writes until it closes the pipe or the deadline passes; then it is ended and reaped."""
    parts = []
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    while True:
        remaining = (deadline - perf_counter()) * 1000
        if remaining <= 0 or not poll.poll(remaining):
            break
        data = os.read(reading, 1 << 20)
        if not data:
            break
        parts.append(data)
    os.close(reading)
    kill_group(pid)
    os.waitpid(pid, 0)
    return b"".join(parts)


def learn_codes(files: Iterable[str]) -> None:
    for file in files:
        try:
            SourceFileLoader("module", file).get_code("module")
        except Exception:  # the target that needs it will meet and report it
            continue


def compile_sources(files: list[str], jobs: int, deadline: float) -> None:
    """Learn their code on all cores, in processes of their own: a compiler that crashes must not take this one."""

    def compile_slice(part: list[str]) -> Callable[[int], None]:
        def work(writing: int) -> None:
            learn_codes(part)
            write_all(writing, marshal.dumps({file: CODES[file] for file in part if file in CODES}))

        return work

    unknown = [file for file in files if file not in CODES]
    for pid, reading in [fork_call(compile_slice(unknown[i::jobs])) for i in range(jobs)]:
        data = collect(reading, deadline, pid)
        try:
            CODES.update(marshal.loads(data))
        except (EOFError, ValueError, TypeError):
            continue


def warm_groups(loaded: list[list[Any]]) -> list[list[str]]:
    """What the entrypoint loaded that is not its own: Python's modules as one group, then each slow package."""
    groups = {}  # type: Dict[str, List[str]]
    cost = {}  # type: Dict[str, float]
    for name, spent in loaded:
        top = name.partition(".")[0]
        key = "" if top in getattr(sys, "stdlib_module_names", ()) else top
        groups.setdefault(key, []).append(name)
        cost[key] = max(cost.get(key, 0.0), spent)
    return [names for key, names in sorted(groups.items(), key=lambda g: g[0] != "") if key == "" or cost[key] >= 3.0]


def grow_warm(groups: list[list[str]], territory: Territory) -> None:
    """Import each group in a fork of what came before. A fork fit to be forked from goes on in its parent's place;
    one that started threads, loaded the application's own modules, or failed is dropped with all it did."""
    for group in groups:
        pid = os.fork()
        if pid == 0:
            for name in group:
                try:
                    __import__(name)
                except BaseException:
                    os._exit(3)
            own = any(territory.of_module(name) == "first" for name in set(sys.modules) - STARTED_WITH)
            if own or count_threads() != 1:
                os._exit(3)
        else:
            _, status = os.waitpid(pid, 0)
            if not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3):
                os._exit(0)  # it did the rest, or died doing it


def count_threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 2  # unknown: not fit


def run_warm(
    supervisor: Supervisor,
    targets: list[str],
    jobs: int,
    deadline: float,
    groups: list[list[str]],
    finished: Callable[[Document], None],
) -> list[str]:
    """Run targets from a process that has the dependencies loaded and nothing of the application. Those left over."""

    def work(writing: int) -> None:
        forget_probe(supervisor.path, supervisor.options["entrypoint"])
        grow_warm(groups, supervisor.territory)
        import gc

        gc.freeze()
        supervisor.fresh, supervisor.private = False, [*supervisor.private, writing]
        supervisor.run(targets, jobs, deadline, lambda r: write_all(writing, json.dumps(r).encode("ascii") + b"\n"))

    pid, reading = fork_call(work)
    left = set(targets)
    for line in collect(reading, deadline + 5, pid).split(b"\n"):
        try:
            report = json.loads(line)
        except ValueError:
            continue  # it died while writing
        left.discard(report["name"])
        finished(report)
    return [t for t in targets if t in left]


def choose_targets(options: Document, modules: dict[str, str]) -> list[str]:
    """Modules to import besides the entrypoint: those of `also`, and of the whole application with `all`."""
    if not (options["also"] or options["all"]):
        return []
    from fnmatch import fnmatchcase

    wanted = [name for name in options["also"] if name not in modules]
    for name in sorted(modules):
        inside = any(name == package or name.startswith(package + ".") for package in options["also"])
        left_out = any(fnmatchcase(name, pattern) for pattern in options["exclude"])
        if inside or (options["all"] and not left_out):
            wanted.append(name)
    entry = options["entrypoint"].partition(":")[0]
    return [name for name in wanted if name != entry]


# --- the result --------------------------------------------------------------------------------------------------


def find_near(failure: Document, target: str, image: Document) -> None:
    """Names close to a mistyped one: of the modules in the image, or of what the module holds."""
    from difflib import get_close_matches

    asked = target.partition(":")[0]
    candidates = failure.pop("candidates", None)
    if candidates:
        failure["near"] = get_close_matches(failure["name"], candidates, 3)
    elif failure["kind"] in ("missing_module", "missing_dependency") and failure.get("module"):
        if (asked + ".").startswith(failure["module"] + "."):
            failure.update(kind="missing_module", party="first")  # nobody asks to import what is not theirs
        elif failure["kind"] == "missing_dependency":
            return
        wanted = asked if failure["module"] in asked else failure["module"]
        known = [row[0] for row in image.get("files", ())] if is_file(wanted) else image.get("modules", ())
        failure["near"] = get_close_matches(wanted, known, 3)


def group_failures(results: list[Document], mask: Mask) -> list[Document]:
    """One failure for all targets that stumble over the same statement: the entrypoint's, then the most common."""
    groups = {}  # type: Dict[str, Document]
    for result in results:
        failure = mask.value(result.get("failure"))
        if failure:
            last = failure["chain"][-1:] if failure.get("chain") else [result["name"]]
            same = [failure.get(k) for k in ("kind", "exception", "module", "name", "library", "variables", "message")]
            first = groups.setdefault(json.dumps([same, last]), dict(failure, targets=[]))
            first["targets"].append(result["name"])
            result["failure"] = first
    order = sorted(groups.values(), key=lambda f: -len(f["targets"]))
    return sorted(order, key=lambda f: results[0].get("failure") is not f)


def judge(failures: list[Document], not_run: list[str], on_other_errors: str) -> str:
    passing = {"auto": OFFLINE_KINDS, "fail": ()}.get(on_other_errors)
    if any(f["kind"] in IMPORT_KINDS or (passing is not None and f["kind"] not in passing) for f in failures):
        return "failed"
    if not_run:
        return "incomplete"
    return "warned" if failures else "passed"


def assemble(options: Document, results: list[Document], not_run: list[str], image: Document) -> Document:
    for result in results:
        if result.get("failure"):
            find_near(result["failure"], result["name"], image)
    failures = group_failures(results, Mask(options))
    slow = {}  # type: Dict[str, List[Any]]
    for result in results:
        for name, own, total in result.get("slow", ()):
            if own >= options["budget_ms"]:
                slow.setdefault(name, [name, own, total])
    return {
        "probe": SCHEMA,
        "nonce": options["nonce"],
        "form": "full",
        "verdict": judge(failures, not_run, options["on_other_errors"]),
        "error": None if image else "the files of the image could not be listed in time",
        "python": "%d.%d.%d" % sys.version_info[:3],
        "tried": len(results),
        "failed": sum(1 for r in results if r.get("failure")),
        "targets": [
            {
                "name": r["name"],
                "ms": r["ms"],
                "peak_kb": r["peak_kb"],
                "failure": failures.index(r["failure"]) if r.get("failure") else None,
            }
            for r in results
        ],
        "failures": failures,
        "not_run": not_run,
        "slow": sorted(slow.values(), key=lambda row: -row[1])[:50],
        "reads": results[0].get("reads", []) if results else [],
        "image": dict(image, modules=sorted(image["modules"])) if image else None,
    }


def shorten(failure: Document, frames: int, characters: int) -> Document:
    kept = {k: v for k, v in failure.items() if v not in (None, [], "") and k not in ("causes", "importing")}
    kept["chain"] = [dict(f, text=f["text"][:80]) for f in failure.get("chain", ())[-frames:]] if frames else []
    kept["targets"] = failure["targets"][:3]
    kept["targets_total"] = len(failure["targets"])
    kept["output"] = failure.get("output", "")[-characters:] if frames > 3 else ""
    return {k: v[:characters] if isinstance(v, str) else v[:12] if isinstance(v, list) else v for k, v in kept.items()}


def compact(full: Document, text: str, limit: int) -> str:
    """The most telling part of the full result in at most `limit` bytes, with what identifies the full one."""
    document = {k: full[k] for k in ("probe", "nonce", "verdict", "error", "python", "tried", "failed")}
    first = full["targets"][:1]
    document.update(
        form="compact", targets=[dict(t, name=t["name"][:200]) for t in first], failures=[], slow=[],
        failures_total=len(full["failures"]), not_run_total=len(full["not_run"]), truncated=False,
        full_bytes=len(text), full_crc32=crc32(text.encode("ascii")),
    )  # fmt: skip
    for failure in full["failures"]:
        for frames, characters in ((12, 400), (3, 200), (0, 100)):
            document["failures"].append(shorten(failure, frames, characters))
            if len(json.dumps(document)) <= limit:
                break
            document["failures"].pop()
            document["truncated"] = True
    for row in full["slow"]:
        document["slow"].append(row)
        if len(json.dumps(document)) > limit:
            document["slow"].pop()
            document["truncated"] = True
            break
    return json.dumps(document)


# --- the whole ---------------------------------------------------------------------------------------------------


def read_options(arguments: list[str]) -> Document:
    given = json.loads(arguments[0]) if arguments else {}
    unknown = sorted(set(given) - set(DEFAULTS))
    options = dict(DEFAULTS, **given)
    if unknown:
        raise ValueError("unknown options: " + ", ".join(unknown))
    if not (options["entrypoint"] or options["also"] or options["all"]):
        raise ValueError("nothing to import: give entrypoint, also or all")
    if options["limit"] < 1500:
        raise ValueError("limit is %d bytes; at least 1500 are needed" % options["limit"])
    return options


# --- the metadata server -----------------------------------------------------------------------------------------

from deploy_lib.local_cloud.metadata_server import respond


def start_metadata(about: Document) -> int:
    """The process that answers on loopback, found by Google's libraries through the environment; 0 for none."""
    global METADATA_ADDRESS
    import _socket

    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
    except OSError:
        listener.close()
        return 0
    METADATA_ADDRESS = "127.0.0.1:%d" % listener.getsockname()[1]
    for name in ("GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"):
        os.environ.setdefault(name, METADATA_ADDRESS)
    parent, pid = os.getpid(), os.fork()
    if pid:
        settle_group(pid)
        listener.close()
        return pid
    try:
        os.setpgid(0, 0)
        serve_metadata(listener, about, parent)
    finally:
        os._exit(0)


def serve_metadata(listener: Any, about: Document, parent: int) -> None:
    """One request after the other, until the process that asked for it is gone."""
    waiting = select.poll()
    waiting.register(listener.fileno(), select.POLLIN)
    while os.getppid() == parent:
        if not waiting.poll(1000):
            continue
        descriptor, _ = listener._accept()
        request, one = b"", select.poll()
        one.register(descriptor, select.POLLIN)
        while b"\r\n\r\n" not in request and len(request) < 1 << 14 and one.poll(2000):
            data = read_some(descriptor)
            if not data:
                break
            request += data
        write_all(descriptor, respond(request.decode("latin-1"), about, time()))
        os.close(descriptor)


def probe(options: Document, report: int) -> Document:
    deadline = perf_counter() + options["total_timeout"]
    metadata = start_metadata(options["metadata"]) if options["metadata"] else 0
    try:
        return probe_image(options, report, deadline)
    finally:
        if metadata:
            kill_group(metadata)
            os.waitpid(metadata, 0)


def probe_image(options: Document, report: int, deadline: float) -> Document:
    jobs = options["jobs"] or len(os.sched_getaffinity(0))
    path = application_path(options)
    territory = Territory(options, path)

    def list_image(writing: int) -> None:
        write_all(writing, json.dumps(describe_image(options, territory, path)).encode("ascii"))

    lister, reading = fork_call(list_image)  # works on another core while the entrypoint is imported
    supervisor = Supervisor(options, territory, path, fresh=True)
    supervisor.private = [report, reading]
    results = []  # type: List[Document]
    supervisor.run([options["entrypoint"]] if options["entrypoint"] else [], 1, deadline, results.append)
    listed = collect(reading, min(deadline, perf_counter() + 120), lister)
    image = json.loads(listed) if listed.endswith(b"}") else {}
    first = results[0] if results else {}
    others = choose_targets(options, image.get("modules", {}))
    left = others[: options["max_modules"]]
    if len(left) > 2 * jobs:
        own = [file for file in image["modules"].values() if file.endswith(".py")]
        compile_sources([*own, *first.get("sources", ())], jobs, deadline)
        left = run_warm(supervisor, left, jobs, deadline, warm_groups(first.get("loaded", [])), results.append)
    supervisor.run(left, jobs, deadline, results.append)
    tried = {result["name"] for result in results}
    return assemble(options, results, [name for name in others if name not in tried], image)


def main(arguments: list[str]) -> int:
    report = os.dup(1)  # before anything of the application can write to it; closed in every process that runs its code
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    nonce = ""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        options = read_options(arguments)
        nonce = options["nonce"]
        full = probe(options, report)
        text = json.dumps(full)
        lines, code = [compact(full, text, options["limit"]), text], 0
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        problem = "%s: %s (line %d of the probe)" % (type(error).__name__, error, trace.tb_lineno if trace else 0)
        document = {"probe": SCHEMA, "nonce": nonce, "form": "compact", "verdict": "error", "error": problem[:800]}
        lines, code = [json.dumps(document)], 2
    write_all(report, "".join(line + "\n" for line in lines).encode("ascii"))
    return code


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
