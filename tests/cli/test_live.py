"""The live table at a real pseudo-terminal: it never holds a release up, and it shows what counts on any screen."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from deploy_lib.cli.show.live import Live
from deploy_lib.cli.show.progress import Progress
from deploy_lib.cli.show.table import frame
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from tests.cli.screen import Terminal, terminal
from tests.report import journals
from tests.waits import WITHIN

ENDINGS = {
    "good": journals.live,
    "rejected": journals.incident,
    "rejected early": journals.rejected_early,
    "restored": journals.sick_under_traffic,
    "held": journals.held,
    "interrupted": journals.interrupted,
}
EACH = 25  # of every kind of ending alone, and as many of groups, resized ones, and closed ones: 300 in all
NAMES = ("orders", "payments", "a-service-with-a-very-long-name-that-no-terminal-has-room-for", "backend")


def play(live: Live, names: Sequence[str], entries: Sequence[Entry]) -> None:
    """One release for each name, side by side, as fast as they can."""

    def one(name: str) -> None:
        for number, entry in enumerate(entries):
            live.entry(name, entry)
            live.line(name, f"build: line {number}")

    with ThreadPoolExecutor(len(names)) as pool:
        for each in [pool.submit(one, name) for name in names]:
            each.result(WITHIN)


def in_time(work: Callable[[], None]) -> None:
    """A table that hangs must fail the test, not hang it."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(WITHIN)
    assert not thread.is_alive(), "it hangs"


def serving(entries: Sequence[Entry]) -> str:
    last = entries[-1]
    assert isinstance(last, journal.Stopped)
    return last.serving


@pytest.mark.parametrize("kind", ENDINGS)
def test_no_ending_hangs(kind: str) -> None:
    entries = ENDINGS[kind]()
    for _ in range(EACH):
        with terminal(200, 60) as shown:

            def ending(shown: Terminal = shown) -> None:
                live = Live(("backend",), shown.out)
                play(live, ("backend",), entries)
                live.close()

            in_time(ending)
            screen = shown.screen(200, 60)
            assert screen.whole[-1] == f"serving: {serving(entries)}"


@pytest.mark.parametrize("kind", ["good", "rejected"])
def test_no_group_hangs(kind: str) -> None:
    entries = ENDINGS[kind]()
    for _ in range(EACH):
        with terminal(60, 20) as shown:

            def ending(shown: Terminal = shown) -> None:
                live = Live(NAMES, shown.out)
                play(live, NAMES, entries)
                live.close()

            in_time(ending)
            text = "".join(shown.screen(60, 20).whole)
            assert text.endswith(f"backend: serving: {serving(entries)}")


@pytest.mark.parametrize("kind", ["good", "rejected"])
def test_a_terminal_may_change_its_size_while_it_runs(kind: str) -> None:
    entries = ENDINGS[kind]()
    sizes = [(120, 40), (60, 20), (40, 10), (30, 5), (20, 2), (1, 1), (200, 60)]
    for number in range(EACH):
        with terminal() as shown:

            def ending(shown: Terminal = shown, number: int = number) -> None:
                live = Live(NAMES[:2], shown.out)
                for entry in entries:
                    shown.resize(*sizes[(number + entries.index(entry)) % len(sizes)])
                    play(live, NAMES[:2], [entry])
                shown.resize(200, 60)
                live.close()

            in_time(ending)
            assert f"serving: {serving(entries)}" in shown.all_of_it()


@pytest.mark.parametrize("kind", ["good", "rejected"])
def test_a_terminal_that_is_closed_midway_is_written_to_no_more(kind: str) -> None:
    entries = ENDINGS[kind]()
    for number in range(EACH):
        with terminal() as shown:

            def ending(shown: Terminal = shown, number: int = number) -> None:
                live = Live(("backend",), shown.out)
                half = number % len(entries)
                play(live, ("backend",), entries[:half])
                os.close(shown.master)
                play(live, ("backend",), entries[half:] if half else entries)
                live.close()

            in_time(ending)


def test_a_screen_that_takes_nothing_holds_nobody_up() -> None:
    """Ctrl-S, or a dead connection: every entry is taken at once, and only the end waits, for its time."""
    lines = [f"{number} " + "x" * 200 for number in range(2000)]
    with terminal(reading=False) as shown:
        live = Live(("backend",), shown.out, timeout=0.2)
        began = time.monotonic()
        play(live, ("backend",), journals.incident() * 100)
        for text in lines:
            live.line("backend", text)
        live.stopping("SIGINT")
        live.close()
        assert time.monotonic() - began < WITHIN


def running(count: int) -> list[Progress]:
    """So many services, all probing."""
    entries = journals.live()
    at = next(n for n, entry in enumerate(entries) if isinstance(entry, journal.Asked) and entry.kind == "probe")
    services = []
    for number in range(count):
        service = Progress(f"service-{number}")
        for entry in entries[: at + 1]:
            service.entry(entry, 0.0)
        service.line(f"own progress {number}")
        services.append(service)
    return services


def texts(services: list[Progress], width: int, height: int, notice: str = "") -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in frame(services, notice, 3.0, width, height)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (40, 20), (60, 6), (40, 5), (20, 5)])
@pytest.mark.parametrize("count", [1, 3])
def test_what_runs_and_what_was_answered_is_always_there(width: int, height: int, count: int) -> None:
    services = running(count)
    seen = texts(services, width, height, notice="SIGINT: stopping; the traffic is put back")
    assert len(seen) <= height
    assert seen[-1].startswith("SIGINT: stopping")
    assert sum("probe" in line for line in seen) == count, seen
    assert all(len(line) <= width for line in seen)


def test_more_services_than_lines_are_counted() -> None:
    seen = texts(running(30), 60, 10)
    assert len(seen) == 10
    assert seen[-1] == "and 21 more"


def test_a_service_that_has_ended_is_one_line() -> None:
    done, other = running(2)
    for entry in journals.live():
        done.entry(entry, 2.0)
    seen = texts([done, other], 80, 40)
    assert [line for line in seen if "service-0" in line] == [seen[0]]
    assert "LIVE" in seen[0]
    assert any("own progress 1" in line for line in seen)


@pytest.mark.parametrize(
    "remark",
    [
        "build: WARNING: Running pip as the 'root' user can result in broken permissions",
        "build: [notice] A new release of pip is available: 24.0 -> 25.0",
        "build: npm warn deprecated inflight@1.0.6",
        "build: debconf: delaying package configuration, since apt-utils is not installed",
        "build:   DeprecationWarning: pkg_resources is deprecated",
        "   ",
    ],
)
def test_the_line_of_a_step_is_its_own_progress(remark: str) -> None:
    service = Progress("backend")
    for entry in journals.live()[:3]:
        service.entry(entry, 0.0)
    service.line("build: step 3/7: RUN pip install")
    service.line(remark)
    assert service.progress == "build: step 3/7: RUN pip install"


def test_nothing_raw_reaches_the_screen() -> None:
    """The screen of the test refuses every sequence that is not the table's own."""
    evil = "\x1b]0;title\x07\x1b[2J\x9b31m\x1b]52;c;QUJD\x1b\\\u202eback\nline \x1b]8;;http://evil\x07"
    entries = [
        replace(entry, reason=f"{entry.reason}{evil}") if isinstance(entry, journal.Judged | journal.Stopped) else entry
        for entry in journals.incident()
    ]
    with terminal() as shown:
        live = Live(("backend",), shown.out)
        for entry in entries:
            live.entry("backend", entry)
            live.line("backend", evil)
        live.stopping(evil)
        live.close()
        assert "back" in "".join(shown.screen(80, 24).whole)
