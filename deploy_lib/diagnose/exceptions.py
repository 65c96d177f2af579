"""What a Python exception at start means: its class and message give the kind, never the words around it."""

from __future__ import annotations

import re

from deploy_lib.diagnose import chains, settings, upstream
from deploy_lib.diagnose.meaning import Meaning
from deploy_lib.diagnose.tracebacks import ExceptionSection, Traceback
from deploy_lib.model.cause_facts import FileFacts, LibraryFacts, NameFacts, RefusalFacts, SettingsFacts
from deploy_lib.model.codes import Code

IN_THE_IMAGE = frozenset(
    [
        Code.MISSING_MODULE,
        Code.MISSING_DEPENDENCY,
        Code.MISSING_NAME,
        Code.SYNTAX_ERROR,
        Code.ENCODING_ERROR,
        Code.MISSING_SHARED_LIBRARY,
        Code.CIRCULAR_IMPORT,
        Code.COMMAND_NOT_FOUND,
        Code.NOT_EXECUTABLE,
        Code.WRONG_ARCHITECTURE,
    ]
)
"""What the image alone decides, whoever starts it and however often."""
DETERMINISTIC = IN_THE_IMAGE | {Code.SETTINGS_ERROR, Code.MISSING_FILE}
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_NO_NAME = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
_HALF_MADE = re.compile(r"partially initialized module '([^']+)'")
_LIBRARY = re.compile(r"([\w.+-]+\.so[\w.]*): cannot open shared object file|(?:version `?'?(GLIBC\w*_[\d.]+))")
_FILE = re.compile(r"No such file or directory: ['\"]?([^'\"]+)")
_DENIED = re.compile(r"Permission '([\w.]+)' denied (?:on|for) resource '?([^'(]+)'?", re.IGNORECASE)
_BIND = re.compile(r"address already in use|error while attempting to bind|can't bind|Can't connect to \('", re.I)


def main_exception(traceback: Traceback, entrypoint: str | None) -> tuple[ExceptionSection, Meaning]:
    """The section to show and what it means.

    Of exceptions raised from one another the first is the reason; of exceptions that came up while another was
    handled, the last one ended the process. An exception that says nothing yields to one that does.
    """
    meant = [(section, meaning(section, entrypoint)) for section in traceback.sections]
    start = len(meant) - 1
    while start and meant[start - 1][0].direct:
        start -= 1
    order = [*meant[start:], *reversed(meant[:start])]
    return next((pair for pair in order if pair[1].specific), meant[-1])


def meaning(section: ExceptionSection, entrypoint: str | None) -> Meaning:
    """The kind of one exception."""
    text = "\n".join((section.message, *section.tail))
    name = section.name
    if name in ("ModuleNotFoundError", "ImportError") or "partially initialized" in section.message:
        found = _import(section, text, entrypoint)
        if found is not None:
            return found
    if name in ("SyntaxError", "IndentationError", "TabError"):
        return _syntax(section)
    if name == "UnicodeDecodeError" and _reads_source(section):
        return Meaning(Code.ENCODING_ERROR, f"a source file is not UTF-8: {section.message}", facts=_place(section))
    library = _LIBRARY.search(text) if name in ("OSError", "ImportError") else None
    if library:
        return _library(library)
    variables = settings.variables(section)
    if variables:
        listed = ", ".join(variables)
        word = "variable" if len(variables) == 1 else "variables"
        sentence = f"the settings are incomplete: {word} {listed} ({section.type}: {short(section.message)})"
        return Meaning(Code.SETTINGS_ERROR, sentence, facts=SettingsFacts(variables=tuple(variables)))
    denied = _DENIED.search(text)
    if denied:
        sentence = f"permission {denied[1]} is denied on {denied[2].strip()}"
        return Meaning(Code.PERMISSION_DENIED, sentence, facts=RefusalFacts(permission=denied[1]))
    if _BIND.search(text):
        return Meaning(Code.PORT_TAKEN, f"the server could not bind its port: {short(section.message)}")
    refused = upstream.no_connection(section)
    if refused:
        return refused
    missing = _FILE.search(text) if name == "FileNotFoundError" else None
    if missing:
        return Meaning(Code.MISSING_FILE, f"the file {missing[1]} is not there", facts=FileFacts(file=missing[1]))
    if name == "MemoryError":
        return Meaning(Code.OUT_OF_MEMORY, "Python ran out of memory")
    sentence = f"{section.type or 'an exception'}: {short(section.message)}".rstrip(": ")
    return Meaning(Code.PYTHON_ERROR, f"the application failed with {sentence}")


def short(text: str, length: int = 200) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _import(section: ExceptionSection, text: str, entrypoint: str | None) -> Meaning | None:
    circle = _HALF_MADE.search(text)
    if circle or "most likely due to a circular import" in text:
        module = circle[1] if circle else None
        named = _NO_NAME.search(text)
        what = f" while {named[1]} was still to be defined" if named else ""
        sentence = f"{module or 'a module'} is imported in a circle{what}"
        return Meaning(Code.CIRCULAR_IMPORT, sentence, module)
    missing = _NO_MODULE.search(text)
    if missing:
        return _missing(section, missing[1], entrypoint)
    named = _NO_NAME.search(text)
    if named:
        sentence = f"{named[2]} has no name {named[1]}"
        return Meaning(Code.MISSING_NAME, sentence, named[2], NameFacts(name=named[1]))
    library = _LIBRARY.search(text)
    return _library(library) if library else None


def _missing(section: ExceptionSection, module: str, entrypoint: str | None) -> Meaning:
    top = module.partition(".")[0]
    first_party = top in chains.own_packages(section, entrypoint) or module == entrypoint
    if first_party:
        return Meaning(Code.MISSING_MODULE, f"module {module} is not in the image", module)
    return Meaning(Code.MISSING_DEPENDENCY, f"the package that provides {module} is not installed in the image", module)


def _syntax(section: ExceptionSection) -> Meaning:
    nulls = "null byte" in section.message  # of a file that is read: the last frame is the one that imports it
    place = FileFacts(null_bytes=True) if nulls else _place(section)
    encoding = "Non-UTF-8" in section.message or "(unicode error)" in section.message or nulls
    kind = Code.ENCODING_ERROR if encoding or "unknown encoding" in section.message else Code.SYNTAX_ERROR
    where = f" in {place.file}:{place.line}" if place.file else ""
    return Meaning(kind, f"Python cannot read the source{where}: {short(section.message)}", facts=place)


def _library(match: re.Match[str]) -> Meaning:
    library = match[1] or match[2]
    sentence = (
        f"the shared library {library} is not in the image" if match[1] else f"the image's C library lacks {library}"
    )
    return Meaning(Code.MISSING_SHARED_LIBRARY, sentence, facts=LibraryFacts(library=library))


def _place(section: ExceptionSection) -> FileFacts:
    frame = section.frames[-1] if section.frames else None
    return FileFacts(file=frame.file, line=frame.line) if frame else FileFacts()


def _reads_source(section: ExceptionSection) -> bool:
    last = section.frames[-1] if section.frames else None
    return last is None or last.file.startswith("<frozen") or last.function.startswith(("get_code", "source_to_code"))
