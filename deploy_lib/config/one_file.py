"""A configuration as one file that needs no other: for a build, which has not the files that it extends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from deploy_lib.config.file_text import NotReadable, read_text
from deploy_lib.config.files import read_files
from deploy_lib.config.problems import ConfigError, ConfigProblem


def as_one_file(path: Path) -> bytes:
    """The file as it is, where it stands alone; so the lines that are told of it are those of the file.

    Else all that it comes to. Raises ConfigError for files that cannot be read any more.
    """
    found: dict[str, Any] = read_files(path, str(path)).data
    sections = [found.get(name) for name in ("services", "jobs")]
    entries = [each for part in sections if isinstance(part, dict) for each in part.values() if isinstance(each, dict)]
    if "extends" not in found and not any("env_file" in each for each in entries):
        try:
            return read_text(path).encode()
        except NotReadable as error:
            raise ConfigError([ConfigProblem(str(path), str(error))]) from None
    found.pop("extends", None)
    for each in entries:
        each.pop("env_file", None)
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True).encode()
