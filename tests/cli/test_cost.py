"""What the command costs: the time to its help, the memory of a whole release, and no file of the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cloud import LocalCloud
from tests.rehearsal.theatre import COMMAND, WHOLE, Theatre

ROOT = Path(__file__).resolve().parents[2]
HELP_WITHIN = 0.2  # seconds of processor time, which a busy machine does not stretch as it does the time that passes
MEMORY = 150  # MiB
GATES = ({"git_clean": None}, {"image_contents": None}, {"config_contract": None})


def test_help_is_at_once_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, json, contextlib, io\n"
        f"sys.argv = ['deploy_to_gcp.py', '--help']; sys.path.insert(0, {str(ROOT)!r})\n"
        "from deploy_lib.cli.bootstrap import run\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):\n"
        "    run(['--help'])\n"
        "assert 'exit codes' in out.getvalue()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"google", "grpc", "pydantic", "yaml", "httpx", "rich"} & {*json.loads(done.stdout)}


def test_help_is_quick() -> None:
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, str(COMMAND), "--help"], capture_output=True, check=True)
        after = os.times()
        spent.append(after.children_user - before.children_user + after.children_system - before.children_system)
    assert min(spent) < HELP_WITHIN, spent


def test_a_whole_release_fits_into_memory(cloud: LocalCloud, tmp_path: Path) -> None:
    theatre = Theatre(cloud, tmp_path, cloud.name("play"))
    steps = (*GATES, WHOLE[0], {"import_check": None}, *WHOLE[1:])
    process = theatre.start(theatre.config(steps))
    out, errors = process.stdout, process.stderr
    assert out is not None and errors is not None
    told = out.read() + errors.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, told
    assert usage.ru_maxrss / 1024 < MEMORY, f"{usage.ru_maxrss / 1024:.0f} MiB"


def test_two_releases_leave_the_checkout_as_it_is(cloud: LocalCloud, tmp_path: Path) -> None:
    def files() -> dict[str, tuple[int, int]]:
        known = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        return {
            name: (path.stat().st_mtime_ns, path.stat().st_size) for name in known if (path := ROOT / name).is_file()
        }

    theatre = Theatre(cloud, tmp_path, cloud.name("play"))
    before = files()
    for number in range(2):
        assert theatre.release(theatre.config(WHOLE, {"n": number})).code == 0
    changed = {name for name, state in files().items() if before.get(name) != state}
    assert not changed
