"""A machine with Python and git alone: the four ways to install, and the first ten minutes after them, timed.

`dev.py fresh` makes it of this machine's own files: the required packages of Debian, python3 with venv, git and
certificates, with what they depend on, and nothing else. It is a root of its own (namespaces of mounts and processes),
with the network as it is here, pip's own settings and an empty environment. Debian only, as root or with user
namespaces. Everything is removed at the end; `--keep` leaves it. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOL = Path(__file__).resolve().parents[1]
WANTED = ("python3", "python3-venv", "git", "ca-certificates")
BRINGS = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/etc/pip.conf")
"""What is made when a machine is set up: how it reaches the network and the package index. With SSL_CERT_FILE, where
that is set here, it is all that comes along."""
USERS_PIP = Path.home() / ".config" / "pip" / "pip.conf"
HOME = "/home/somebody"
ENTER = """set -e
mount --bind "$0" "$0"
cd "$0"
mount -t proc proc proc
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mount --rbind /sys sys
for place in $2; do
    mkdir -p "./$place"
    mount --bind "$place" "./$place"
done
pivot_root . mnt
umount -l /mnt
exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$1" ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} sh
"""
ENDED = "~~ ended"
GIT = "git config --global user.email a@b.c && git config --global user.name A"
IMAGE = """
import pathlib, tempfile
from deploy_lib.drivers.builds.staging import write_build
from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import BuildSpec, RunSpec
from deploy_lib.model.service import BuildSource
engine = choose("namespaces", pathlib.Path(tempfile.mkdtemp()))
staged = GitSource(pathlib.Path("."), NoFactCache()).stage_commit("HEAD", BuildSource(), False)
image = engine.build(BuildSpec(*write_build(staged, pathlib.Path(tempfile.mkdtemp()))), print, lambda: False)
container = engine.run(RunSpec(image.digest, command=("--version",), network=False))
code = container.wait(60)
print(container.stdout.read().decode())
raise SystemExit(code)
"""


@dataclass(frozen=True, slots=True)
class Step:
    """Shell words, typed in `place`; `code` is the exit code that is right."""

    what: str
    words: str
    place: str = f"{HOME}/shop"
    code: int = 0


def steps() -> Iterator[Step]:
    yield Step("git: a repository of one's own", f"{GIT} && git init -q -b main . && git add . && git commit -qm one")
    yield Step("in the repository: copy", "cp -r ../deploy-to-gcp/scripts ../deploy-to-gcp/deploy_lib .")
    yield Step("  its first command", "python3 scripts/deploy_to_gcp.py check")
    yield Step("  the same again", "python3 scripts/deploy_to_gcp.py check")
    yield Step("  out again", "rm -r scripts deploy_lib")
    yield Step("beside it: its first command", "python3 ../deploy-to-gcp/scripts/deploy_to_gcp.py check --repo .")
    yield Step("  the same again", "python3 ../deploy-to-gcp/scripts/deploy_to_gcp.py check --repo .")
    yield Step("pip: an environment", "python3 -m venv ../pip && ../pip/bin/pip install -q ../deploy-to-gcp")
    yield Step("  its first command", "../pip/bin/deploy-to-gcp check")
    yield Step("  a wheel", "../pip/bin/pip wheel -q --no-deps -w ../dist ../deploy-to-gcp")
    yield Step("pipx: an environment of its own", "python3 -m venv ../tools && ../tools/bin/pip install -q pipx uv")
    yield Step("  of the wheel", '../tools/bin/pipx install -q "$(ls ../dist/*.whl)[local]"')
    yield Step("  its first command", "../.local/bin/deploy-to-gcp check")
    yield Step("uv: run the wheel", '../tools/bin/uvx --from "$(ls ../dist/*.whl)" deploy-to-gcp check')
    yield Step("  install it", '../tools/bin/uv tool install -q --force "$(ls ../dist/*.whl)[local]"')
    yield Step("  its first command", "../.local/bin/deploy-to-gcp --version")
    image = f".venv/bin/python -c {shlex.quote(IMAGE)}"
    yield Step("container: the image, by the engine of the local cloud", image, f"{HOME}/deploy-to-gcp")
    yield from ten_minutes("../.local/bin/deploy-to-gcp")


def ten_minutes(command: str) -> Iterator[Step]:
    yield Step("ten minutes: init", f"{command} init --local")
    yield Step("  commit", "git add . && git commit -qm configuration")
    yield Step("  check", f"{command} check")
    yield Step("  release, the local cloud started by it", f"{command} deploy --local")
    yield Step("  a change, released", "echo >> README.md && git commit -qam two && " + f"{command} deploy --local")
    yield Step("  status", f"{command} status --local")
    yield Step("  rollback", f"{command} rollback --local")
    yield Step("  a file for Google", f"{command} init --new --project shop-staging --region us-central1")
    yield Step("  plan of it, without credentials", f"{command} plan --project shop-staging", code=4)
    yield Step("  doctor of it", f"{command} doctor --project shop-staging", code=4)
    yield Step("  local down", f"{command} local down")


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py fresh", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--keep", action="store_true", help="keep the root")
    parser.add_argument("--only", default="", metavar="TEXT", help="run only steps whose words contain it")
    args = parser.parse_args(words)
    root = Path(tempfile.mkdtemp(prefix="fresh-"))
    try:
        print(make(root), flush=True)
        return play(root, args.only)
    finally:
        if args.keep:
            print(f"kept: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)


def play(root: Path, only: str) -> int:
    faults, begun = 0, time.monotonic()
    with shell_inside(root) as shell:
        for step in steps():
            if only not in step.words and "git" not in step.what:
                continue
            started = time.monotonic()
            code, said = typed(shell, step)
            took, good = time.monotonic() - started, code == step.code
            faults += not good
            print(
                f"{took:7.1f} s  {'' if good else 'WRONG  '}{step.what}: {step.words.splitlines()[0][:100]}", flush=True
            )
            if not good:
                print(f"exit code {code} instead of {step.code}\n{said[-4000:]}")
    print(f"{time.monotonic() - begun:7.1f} s  in all; {faults or 'nothing'} wrong")
    return 1 if faults else 0


@contextmanager
def shell_inside(root: Path) -> Iterator[subprocess.Popen[str]]:
    """One shell, so that what a step leaves running runs on; at the end all of it is ended."""
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    alone += [] if os.geteuid() == 0 else ["--map-root-user"]
    line = [*alone, "sh", "-c", ENTER, str(root), HOME, " ".join(index_places())]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as shell:
        try:
            yield shell
        finally:
            shell.kill()


def typed(shell: subprocess.Popen[str], step: Step) -> tuple[int, str]:
    """The exit code and all that was printed."""
    assert shell.stdin is not None and shell.stdout is not None
    words = f"(cd {step.place} && sh -c {shlex.quote(step.words)}) </dev/null 2>&1; echo {ENDED} $?\n"
    shell.stdin.write(words)
    shell.stdin.flush()
    said: list[str] = []
    for line in shell.stdout:
        text, ended, code = line.partition(f"{ENDED} ")
        said.append(text)
        if ended:
            return int(code), "".join(said)
    return -1, "".join(said)


def make(root: Path) -> str:
    """Makes the root, with this tool's last commit and the example as somebody's service; says what it holds."""
    packages = sorted(closure({*required(), *WANTED}))
    listed = subprocess.run(["dpkg", "-L", *packages], capture_output=True, text=True, check=True).stdout
    for name in ("proc", "dev", "sys", "mnt", "tmp"):
        (root / name).mkdir()
    for link in ("bin", "sbin", "lib", "lib64"):  # as every Debian since 2023 has them
        (root / "usr" / link).mkdir(parents=True, exist_ok=True)
        (root / link).symlink_to(f"usr/{link}")
    copy(root, [line for line in listed.splitlines() if line.startswith("/") and not is_reading(line)])
    copy(root, [*BRINGS, *alternatives()])
    size = int(subprocess.run(["du", "-sm", str(root)], capture_output=True, text=True, check=True).stdout.split()[0])
    home = root / HOME.lstrip("/")
    shutil.copytree(TOOL / "examples" / "backend", home / "shop")
    subprocess.run(["git", "clone", "-q", f"file://{TOOL}", str(home / "deploy-to-gcp")], check=True)
    if USERS_PIP.is_file():
        (home / ".config" / "pip").mkdir(parents=True)
        shutil.copy(USERS_PIP, home / ".config" / "pip")
    (root / "etc" / "passwd").write_text(f"root:x:0:0::{HOME}:/bin/sh\n", encoding="utf-8")
    return f"{len(packages)} packages of Debian, {size} MB: {' '.join(packages)}"


def required() -> set[str]:
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Priority}\n"], capture_output=True, text=True, check=True
    )
    return {line.split()[0] for line in shown.stdout.splitlines() if line.endswith(" required")}


def closure(names: set[str]) -> set[str]:
    """These packages and all that they depend on, as installed here."""
    form = "${Package}\t${Provides}\t${Pre-Depends},${Depends}\n"
    shown = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    needs, makers = dict[str, str](), dict[str, str]()
    for line in shown.splitlines():
        name, provides, depends = line.split("\t")
        needs[name] = depends
        makers |= dict.fromkeys(re.findall(r"[a-z0-9][a-z0-9.+-]+(?![^(]*\))", provides), name) | {name: name}
    found, left = set[str](), list(names)
    while left:
        maker = makers.get(left.pop())
        if maker and maker not in found:
            found.add(maker)
            left += re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]+)", needs[maker])
    return found


def is_reading(path: str) -> bool:
    return path.startswith(("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/"))


def alternatives() -> list[str]:
    return [str(path) for path in Path("/etc/alternatives").iterdir()]


def copy(root: Path, paths: Sequence[str]) -> None:
    """Files and links as they are; directories as far as something is in them. Raises CalledProcessError, for a machine
    with half of its files is not one that anything is tried on."""
    below = [each for name in BRINGS for each in Path(name).rglob("*")]
    there = [str(path) for path in (*map(Path, paths), *below) if path.is_symlink() or path.is_file()]
    listed = "\n".join(re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path).lstrip("/") for path in there)
    with tempfile.TemporaryFile() as packed:
        subprocess.run(["tar", "-C", "/", "-cf", "-", "-T", "-"], input=listed.encode(), stdout=packed, check=True)
        packed.seek(0)
        subprocess.run(["tar", "-C", str(root), "-xf", "-"], stdin=packed, check=True)


def index_settings() -> Iterator[Path]:
    return (each for each in (USERS_PIP, Path("/etc/pip.conf")) if each.is_file())


def index_places() -> list[str]:
    """The directories of packages that pip's settings name."""
    named = (re.findall(r"(?:file://)?(/\S+)", each.read_text(encoding="utf-8")) for each in index_settings())
    return [place.removesuffix("/simple") for places in named for place in places if Path(place).is_dir()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
