"""What tests of several rooms share: the local cloud as a process, one for each worker of pytest-xdist; and the sets
that a test belongs to (tests/sets.py)."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.sets import FAST, FIRST, SETS, SLOW, may_hold, set_of
from tests.stories import failed

_STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "socket.bind"})
_WATCHED: list[list[str]] = []
"""What the fast test that runs now has started; empty while none runs."""
_OF_A_CI_JOB = ("GITHUB_", "CI_", "BITBUCKET_", "CIRCLE", "JENKINS_", "BUILD_SOURCE", "BRANCH_NAME", "TAG_NAME", "_PR_")
"""Variables of the job that runs these tests, which say nothing of the repositories that tests make."""


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), store=shared_store(tmp_path_factory)) as cloud:
        yield cloud


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rounds", type=int, default=25, help="cases of each kind that are made from a seed (default: 25)"
    )
    parser.addoption("--combinations", type=int, default=6, help="services composed of each kind (default: 6)")
    parser.addoption("--kills", type=int, default=4, help="how often the plug is pulled (default: 4)")
    parser.addoption("--seed", type=int, default=1, help="what the made cases begin with (default: 1)")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """More than there are cores, since a rehearsal waits for two fifths of its time, and slow ones for two thirds; the
    fast set never waits."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {FAST: cores, SLOW: 3 * cores}.get(config.option.markexpr, cores + 1)


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")
    for name in [name for name in os.environ if name.startswith(_OF_A_CI_JOB)]:
        del os.environ[name]
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:  # a job in the background begins so, and its children too
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for name in SETS:
        config.addinivalue_line("markers", f"{name}: puts a test into that set whatever its place; see tests/README.md")
    sys.addaudithook(_note)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    wanted = config.option.markexpr
    if wanted not in (FAST, SLOW) or collection_path.suffix != ".py":
        return None
    file = collection_path.relative_to(config.rootpath).as_posix()
    return None if may_hold(wanted, file, collection_path.read_text(encoding="utf-8")) else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    seen: set[str] = set()
    for item in items:
        function = item.nodeid.partition("[")[0]
        marks = [mark.name for mark in item.iter_markers()]
        item.add_marker(set_of(item.nodeid, first=function not in seen, marks=marks, engines=_engines(item)))
        seen.add(function)
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


def pytest_collection_finish() -> None:
    """What was collected stays to the end; Python need not look through it for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    if item.get_closest_marker(FAST) is None:
        return (yield)
    started: list[str] = []
    _WATCHED.append(started)
    try:
        result = yield
    finally:
        _WATCHED.remove(started)
    if started:
        pytest.fail(f"a test of the fast set did {started[0]}; mark it @pytest.mark.standard (tests/README.md)", False)
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in (each for kind in ("failed", "error") for each in terminalreporter.getreports(kind)):
        crash = getattr(report.longrepr, "reprcrash", None)
        said = crash.message if crash else str(report.longrepr or "")
        terminalreporter.write_line(failed(report.nodeid, report.when or "collect", said))


def _engines(item: pytest.Item) -> list[object]:
    called = getattr(item, "callspec", None)
    needs = "opened" in getattr(item, "fixturenames", ())
    return [value for value in called.params.values() if isinstance(value, str)] if called and needs else []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    """Of the thread that runs the tests: what an earlier test left may still start again what crashes, in another."""
    if _WATCHED and event in _STARTS and threading.current_thread() is threading.main_thread():
        _WATCHED[-1].append(event)
