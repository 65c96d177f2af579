"""What a test tells, read from its name: a failure is then one line that says what no longer holds, and where."""

from __future__ import annotations


def story_of(test: str) -> str:
    """From an id, "tests/a/test_b.py::test_it_ends_well[at once]": "it ends well, at once (tests/a/test_b.py)"."""
    file, _, name = test.partition("::")
    words, bracket, case = name.rpartition("::")[2].partition("[")
    told = words.removeprefix("test_").replace("_", " ") or "its tests can be read"
    return f"{told}, {case.removesuffix(']')} ({file})" if bracket else f"{told} ({file})"


def failed(test: str, phase: str, said: str) -> str:
    """One line.

    `phase` is pytest's: collect, setup, call or teardown; `said` is why it failed, of which the first line says most.
    """
    first = next((line.strip() for line in said.splitlines() if line.strip()), "no reason was given")
    before = {"setup": "could not begin: ", "teardown": "did not end well: "}.get(phase, "does not hold: ")
    return f"{before}{story_of(test)}: {first}"
