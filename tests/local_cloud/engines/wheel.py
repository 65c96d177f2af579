"""The smallest package that pip installs."""

from __future__ import annotations

import zipfile
from pathlib import Path


def write_wheel(directory: Path, name: str) -> Path:
    """A wheel with one module of that name, whose VALUE is 7."""
    path, about = directory / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "VALUE = 7\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, content in files.items():
            wheel.writestr(inside, content)
        wheel.writestr(f"{about}/RECORD", "".join(f"{inside},,\n" for inside in (*files, f"{about}/RECORD")))
    return path
