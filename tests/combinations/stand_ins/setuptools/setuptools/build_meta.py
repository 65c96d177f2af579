"""A wheel of what [tool.setuptools.packages.find] finds, or of the directory itself when it is editable (PEP 660)."""

import os
import sys
import tomllib
import zipfile

from setuptools import find_packages

__legacy__ = sys.modules[__name__]  # what pip calls where pyproject.toml names no backend


def build_wheel(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, editable=False)


def build_editable(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, editable=True)


def _wheel(target, editable):
    with open("pyproject.toml", "rb") as source:
        table = tomllib.load(source)
    project = table["project"]
    where = table.get("tool", {}).get("setuptools", {}).get("packages", {}).get("find", {}).get("where", ["."])[0]
    name = project["name"].replace("-", "_")
    stem = f"{name}-{project['version']}"
    needs = "".join(f"Requires-Dist: {each}\n" for each in project.get("dependencies", ()))
    scripts = "".join(f"{name} = {place}\n" for name, place in project.get("scripts", {}).items())
    files = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {project['version']}\n{needs}",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}.dist-info/entry_points.txt": f"[console_scripts]\n{scripts}",
    }
    if editable:
        files[f"__editable__.{name}.pth"] = os.path.abspath(where) + "\n"
    else:
        for package in find_packages(where):
            inside = package.replace(".", "/")
            for file in sorted(os.listdir(os.path.join(where, inside))):
                if file.endswith(".py"):
                    with open(os.path.join(where, inside, file)) as source:
                        files[f"{inside}/{file}"] = source.read()
    files[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in files)
    with zipfile.ZipFile(os.path.join(target, f"{stem}-py3-none-any.whl"), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return f"{stem}-py3-none-any.whl"
