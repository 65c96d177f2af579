"""Import an application inside its image and say what would stop it from starting.

Given to the image's interpreter on standard input, so nothing is copied into the image:

    python - '{"nonce": "4f2a", "entrypoint": "shop.main:app"}' < joined.py

Every target is imported in a forked process of its own, which starts with what a fresh `python` has loaded and
nothing else; one that exits, hangs or crashes says so and hides nothing. Standard output carries two lines and
nothing more: a compact result that keeps to a byte limit, then the full one. What the application prints goes to
standard error. The exit code is 0 whatever was found, 2 when the probe itself could not run. Only the standard
library, Python 3.8 to 3.14. options.py beside this directory documents the options, result.py the result;
docs/decisions says why.

The parts are read, never imported: join_parts makes one file of them. There they share one namespace, so a name stands
for one thing in all of them, and what they import of each other, of typing and of types is left out: annotations
are not evaluated. A part needs only those before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

Document = dict[str, Any]
"""For annotations in the parts: what becomes JSON."""

PARTS = (
    "begin",
    "codes",
    "options",
    "paths",
    "image",
    "processes",
    "metadata",
    "board",
    "watches",
    "as_main",
    "kinds",
    "failure",
    "target",
    "mask",
    "supervisor",
    "many",
    "result",
    "main",
)
_LEFT_OUT = re.compile(r"^from (?:__future__|typing|types|deploy_lib)\b[\w.]* import (?:\([^)]*\)|[^\n(]*)\n", re.M)


def join_parts(defaults: Mapping[str, object]) -> str:
    """The probe as one file, the same text for the same parts.

    `defaults` are the options that need not be given; the metadata server's answers come from the local cloud.
    """
    texts = [resources.files(__package__).joinpath(f"{name}.py").read_text(encoding="utf-8") for name in PARTS]
    answers = resources.files("deploy_lib.local_cloud").joinpath("metadata_server.py").read_text(encoding="utf-8")
    begin, *others = (_LEFT_OUT.sub("", text) for text in (*texts[:1], answers, *texts[1:]))
    future, given = "from __future__ import annotations\n", f"DEFAULTS = {dict(defaults)!r}\n"
    return "\n\n".join(
        (future, begin, given, *others, 'if __name__ == "__main__":\n    os._exit(main(sys.argv[1:]))\n')
    )
