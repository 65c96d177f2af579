"""What starts the application, and where Python looks for modules when it does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Launch:
    """How the server's process is started, as far as the command tells; the rest only the image knows.

    program: its name as written, with variables not expanded. flags: Python's own, when Python is the program. runner:
    a tool that chooses the environment for it, with its arguments, such as ("uv", "run", "--project", "/app").
    directory: the working directory, absolute. variables: those set on the way, in order, their values not expanded.
    """

    program: str
    flags: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()
    directory: str = ""
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """`module` is imported, or run as __main__ when `main`; a `script` is an image path that Python is given.

    `attribute` is what the server takes from the module, and calls when `called`. `roots` are the image directories
    of sys.path that can hold the application, in order. `named_by` says where this is written. `doubt` is why it is
    not proven that the process starts this, from there; empty when it is. `installs` is the project's directory that
    the runner installs before it starts this; "" for none.
    """

    module: str
    attribute: str | None = None
    called: bool = False
    main: bool = False
    script: str | None = None
    roots: tuple[str, ...] = ()
    named_by: str = ""
    launch: Launch | None = None  # None: the image's command tells nothing
    doubt: str = ""
    installs: str = ""
    worker: bool = False  # of Celery, which imports the modules of its tasks

    def __str__(self) -> str:
        return self.script or (f"{self.module}:{self.attribute}" if self.attribute else self.module)
