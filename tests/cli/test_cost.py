"""What the command costs: the time to its help, the memory of a whole release, and no file of the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cloud import LocalCloud
from tests.forked import COMMAND
from tests.rehearsal.cli_harness import WHOLE, CliHarness

ROOT = Path(__file__).resolve().parents[2]
HELP_WITHIN = 0.2  # seconds of processor time, which a busy machine does not stretch as it does the time that passes
MEMORY = 150  # MiB
WEIGHED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Started from here, the command would be charged for this process's own memory, which it has until its exec."""
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


def test_a_check_imports_no_library_that_only_a_release_needs() -> None:
    """It is typed after every change."""
    code = "import sys, deploy_lib.cli.check.command\nprint(*{name.partition('.')[0] for name in sys.modules})\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"google", "grpc", "pydantic", "yaml", "httpx", "rich"} & {*done.stdout.split()}


def test_commands_that_build_nothing_import_nothing_that_reads_an_image() -> None:
    """Users wait for a rollback, and read its lines."""
    code = (
        "import sys, deploy_lib.cli.status, deploy_lib.cli.rollback, deploy_lib.cli.hold, deploy_lib.cli.show.plain\n"
        "print(*(name for name in sys.modules if name.startswith('deploy_lib.source.') or name.endswith('.driver')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    small = {"deploy_lib.source.commit_branch", "deploy_lib.source.file_kinds"}
    assert {*done.stdout.split()} == {*small, "deploy_lib.drivers.services.driver"}


def test_commands_that_only_look_import_no_journal_and_no_step() -> None:
    code = (
        "import sys, deploy_lib.cli.status, deploy_lib.cli.open\n"
        "from pathlib import Path\n"
        "deploy_lib.config.load(Path('config/reference.yaml'), with_steps=False)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    unused = {"journal", "model.journal", "model.cause", "model.details", "steps.catalogue", "steps.canary"}
    assert not {f"deploy_lib.{name}" for name in unused} & {*done.stdout.split()}


def test_a_command_seldom_looks_for_garbage_and_never_for_plugins() -> None:
    code = (
        "import gc, os\n"
        "from deploy_lib.cli.process import carry_out\n"
        "carry_out([], lambda argv: print(gc.get_threshold()[0], os.environ['PYDANTIC_DISABLE_PLUGINS']) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["50000", "__all__"]


def test_help_is_quick() -> None:
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, str(COMMAND), "--help"], capture_output=True, check=True)
        after = os.times()
        spent.append(after.children_user - before.children_user + after.children_system - before.children_system)
    assert min(spent) < HELP_WITHIN, spent


def test_a_whole_release_fits_into_memory(cloud: LocalCloud, tmp_path: Path) -> None:
    harness = CliHarness(cloud, tmp_path, cloud.name("play"))
    steps = (*GATES, WHOLE[0], {"import_check": None}, *WHOLE[1:])
    words = ["--config", str(harness.config(steps)), "--repo", str(harness.repository), "--service", "backend"]
    command = [sys.executable, str(COMMAND), *words, "--state", str(harness.state)]
    environment = {**os.environ, **harness.variables}
    small = [sys.executable, "-I", "-S", "-c", WEIGHED, *command]
    done = subprocess.run(small, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stderr.split()[-1]) / 1024 < MEMORY, f"{done.stderr.split()[-1]} KiB"


def test_two_releases_leave_the_checkout_as_it_is(cloud: LocalCloud, tmp_path: Path) -> None:
    def files() -> dict[str, tuple[int, int]]:
        known = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        return {
            name: (path.stat().st_mtime_ns, path.stat().st_size) for name in known if (path := ROOT / name).is_file()
        }

    harness = CliHarness(cloud, tmp_path, cloud.name("play"))
    before = files()
    for number in range(2):
        assert harness.release(harness.config(WHOLE, {"n": number})).code == 0
    changed = {name for name, state in files().items() if before.get(name) != state}
    assert not changed
