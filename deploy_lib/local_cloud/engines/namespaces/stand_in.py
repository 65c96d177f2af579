"""A root file system made from this host's own Python, for when no registry can be reached.

It stands in for `python:3.x` images: the standard library, pip, a shell, the usual small commands, the shared
libraries they need, and the host's certificate bundle. It is not the real image, so it is labelled wherever it
shows. Nothing of the host's site-packages goes in. Every file gets the same time, so the same host makes the
same layer twice.
"""

# ruff: noqa: SIM905 - as lists of words these tables would be a screen each
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ..model import EngineError

COMMANDS = (
    "sh bash cat ls cp mv rm mkdir rmdir ln chmod chown chgrp touch echo printf test true false env id whoami "
    "groups pwd basename dirname readlink realpath stat head tail sort uniq wc cut tr sed grep egrep fgrep awk mawk "
    "find xargs tee date sleep sync mktemp tar gzip gunzip bzip2 xz diff cmp du df uname hostname nproc seq expr "
    "install kill ps timeout sha256sum md5sum base64 od dd tac yes which getent ldd ldconfig ip nice nohup "
    "useradd groupadd usermod adduser addgroup chroot getopt curl git"
).split()
_LEFT_OUT = {"test", "tests", "idlelib", "turtledemo", "site-packages", "dist-packages", "lib2to3"}
_DEBIANS_OWN = "_distutils_system_mod.py"  # tells setuptools of Debian's directories
_IN_DEBIANS_VENV = 'sys.base_prefix != sys.prefix or hasattr(sys, "real_prefix")'
_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
# In every python:3.x-slim, and asked for by compiled wheels rather than by Python itself.
_RUNTIME_LIBRARIES = (
    "libgcc_s.so.1 libstdc++.so.6 librt.so.1 libdl.so.2 libutil.so.1 libpthread.so.0 libm.so.6 libresolv.so.2 "
    "libanl.so.1 libnss_dns.so.2 libnss_files.so.2"
).split()
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = "root:x:0:\nstaff:x:50:\nnogroup:x:65534:\n"
_DIRECTORIES = (
    "bin sbin lib lib64 etc/ssl/certs root tmp var/tmp run dev proc sys home opt srv mnt "
    "usr/bin usr/sbin usr/lib usr/lib64 usr/local/bin usr/local/lib var/lib var/log var/cache"
).split()


def fill_stand_in(root: Path) -> None:
    """Make the tree under `root`, an empty directory. EngineError when the host lacks pip's wheel."""
    _make_skeleton(root)
    binaries = [path for name in COMMANDS if (path := shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin"))]
    for path in binaries:
        _copy_command(Path(path), root)
    python = _copy_python(root)
    modules = [str(path) for path in (python.parent.parent / "lib").rglob("*.so")]
    _copy_libraries([*binaries, str(python), *modules], root)
    _install_pip(root)


def _make_skeleton(root: Path) -> None:
    # The merged layout of today's distributions: /bin, /lib and their like are links into /usr.
    for name in _DIRECTORIES:
        if "/" in name or not name.startswith(("bin", "sbin", "lib")):
            (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "root").chmod(0o700)
    _write(root / "etc/passwd", _PASSWD)
    _write(root / "etc/group", _GROUP)
    _write(root / "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    _write(root / "etc/os-release", 'ID=stand-in\nNAME="stand-in base"\nPRETTY_NAME="stand-in made from the host"\n')
    _write(root / "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    for bundle in _CERTIFICATES:
        if Path(bundle).exists():
            shutil.copyfile(bundle, root / "etc/ssl/certs/ca-certificates.crt")
            break


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


def _copy_command(source: Path, root: Path) -> None:
    target = root / "usr/bin" / source.name
    if not target.exists():
        shutil.copyfile(source.resolve(), target)
        target.chmod(0o755)


def _copy_python(root: Path) -> Path:
    """The interpreter and its standard library, moved to /usr/local as in the official images."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = root / "usr/local/bin" / version
    base = Path(sys.base_prefix, "bin", version)
    shutil.copyfile(base.resolve(), python)
    python.chmod(0o755)
    for name in ("python3", "python"):
        (python.parent / name).symlink_to(version)
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    shutil.copytree(stdlib, root / "usr/local/lib" / version, symlinks=True, ignore=_ignore)
    library = root / "usr/local/lib" / version
    (library / "site-packages").mkdir()
    undo_debians_layout(library, f"/usr/local/lib/{version}/site-packages")
    return python


def undo_debians_layout(library: Path, packages: str) -> None:
    """Packages are installed into site-packages and found there, as by python.org's Python.

    Debian's and Ubuntu's has them in dist-packages but in a virtual environment, by its own `sysconfig`, and by a
    `site` that is frozen into the interpreter (https://wiki.debian.org/Python#Deviations_from_upstream).
    """
    module = library / "sysconfig.py"
    text = module.read_text(encoding="utf-8")
    official = in_official_layout(text)
    if official == text:
        return
    module.write_text(official, encoding="utf-8")
    for compiled in (library / "__pycache__").glob("sysconfig.*.pyc"):
        compiled.unlink()
    (library / "dist-packages").mkdir()
    line = f"import site; site.addsitedir({packages!r})\n"
    (library / "dist-packages" / "official-layout.pth").write_text(line, encoding="utf-8")


def in_official_layout(sysconfig: str) -> str:
    """The text of that module with every environment taken for a virtual one; of another Python's the same. Pure."""
    return sysconfig.replace(_IN_DEBIANS_VENV, "True")


def _ignore(directory: str, names: list[str]) -> set[str]:
    """Compiled modules are taken as far as this host has them: every container would compile its own anew."""
    if Path(directory).name == "__pycache__":
        suffix = f".{sys.implementation.cache_tag}.pyc"
        return {name for name in names if not name.endswith(suffix)}
    own = ("EXTERNALLY-MANAGED", _DEBIANS_OWN)
    return {name for name in names if name in _LEFT_OUT or name.startswith("config-") or name in own}


def _copy_libraries(binaries: Iterable[str], root: Path) -> None:
    listing = subprocess.run(
        ["ldd", *binaries], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    ).stdout
    found = sorted({word for line in listing.splitlines() for word in line.split() if word.startswith("/")})
    libraries = [path for path in found if not path.endswith(":")]
    system = next((str(Path(path).parent) for path in libraries if Path(path).name.startswith("libc.so")), "/lib")
    beside = (f"{home}/{name}" for name in _RUNTIME_LIBRARIES for home in (system, "/lib64", "/usr/lib64", "/usr/lib"))
    for path in [*libraries, *(path for path in beside if Path(path).exists())]:
        # What lay outside the system's directories is put beside libc, where the loader looks by itself.
        directory = str(Path(path).parent) if path.startswith(("/lib", "/usr/lib")) else system
        target = root / directory.lstrip("/") / Path(path).name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(os.path.realpath(path), target)
            target.chmod(0o755)


def _install_pip(root: Path) -> None:
    import ensurepip

    bundled = Path(ensurepip.__file__).parent / "_bundled"
    wheels = [*bundled.glob("pip-*.whl"), *Path("/usr/share/python-wheels").glob("pip-*.whl")]
    if not wheels:
        raise EngineError("this host's Python carries no pip wheel (install its ensurepip or python3-venv package)")
    copy_ensurepips_wheels(root, sysconfig.get_config_var("WHEEL_PKG_DIR") or "")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(root / "usr/local/lib" / version / "site-packages")
    short = f"{sys.version_info.major}.{sys.version_info.minor}"
    script = f"#!/usr/local/bin/{version}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
    for name in ("pip", "pip3", f"pip{short}"):
        target = root / "usr/local/bin" / name
        target.write_text(script)
        target.chmod(0o755)


def copy_ensurepips_wheels(root: Path, directory: str) -> None:
    """From where ensurepip, and with it `python -m venv`, takes them: beside itself, or as Debian and Fedora have it,
    in a directory of the system (https://docs.python.org/3/using/configure.html#cmdoption-with-wheel-pkg-dir)."""
    if directory and Path(directory).is_dir():
        shutil.copytree(directory, root / directory.lstrip("/"))
