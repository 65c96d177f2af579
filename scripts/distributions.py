"""Writes deploy_lib/source/dependencies/distributions.txt: import names, and the distributions that bring each.

The source is the table that pipreqs (https://pypi.org/project/pipreqs/, Apache 2.0) keeps for the same question. Run it
again for a newer one: `python scripts/distributions.py`. It needs pip and a package index, and nothing else uses it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).parents[1] / "deploy_lib/source/dependencies/distributions.txt"
HEAD = "# Import names and the distributions that bring each; written by scripts/distributions.py from {source}.\n"


def table_of(mapping: str) -> list[str]:
    """Lines of "module distribution ..." for modules whose distribution has another name.

    >>> table_of("yaml:PyYAML\\nrequests:requests\\nos:os_sys\\ngoogle:protobuf")
    ['google protobuf', 'yaml pyyaml']
    """
    found: dict[str, set[str]] = defaultdict(set)
    for line in mapping.splitlines():
        module, colon, distribution = line.strip().partition(":")
        name = re.sub(r"[-_.]+", "-", distribution).lower()
        usual = re.sub(r"[-_.]+", "-", module).lower()
        if colon and module.isidentifier() and name != usual and module not in sys.stdlib_module_names:
            found[module].add(name)
    return [" ".join([module, *sorted(names)]) for module, names in sorted(found.items())]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place, "pipreqs"]
        subprocess.run(pip, check=True)
        (wheel,) = Path(place).glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            lines = table_of(packed.read("pipreqs/mapping").decode())
    source = " ".join(wheel.name.split("-")[:2])
    TARGET.write_text(HEAD.format(source=source) + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
