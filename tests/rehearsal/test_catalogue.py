"""Every class of failure, produced for real: real containers, real builds, real refusals, and the diagnosis of each.

The gates that would have caught them earlier are left out of `steps`. Stories of one group are the services of one
release, which runs them side by side. What cannot be produced here is in tests/cases/diagnose, as it was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.rehearsal.broken import add_to
from tests.rehearsal.theatre import Played, Theatre


@dataclass(frozen=True, slots=True)
class Story:
    """`says` stands in the sentence, `types` in one of the commands to type next."""

    kind: str
    says: str
    types: str
    behave: Mapping[str, Any] = field(default_factory=dict)
    entry: Mapping[str, Any] = field(default_factory=dict)  # of the service, in the YAML


def imports(module: str) -> dict[str, Any]:
    return {"import": f"app.broken.{module}"}


CRASHES = {
    "missing-module": Story(
        "missing_module", "module app.broken.llm_config_types is not in the image", "check --service missing-module",
        imports("missing_module"),
    ),
    "missing-name": Story("missing_name", "app.parts.words has no name FAREWELL", "sed -n", imports("missing_name")),
    "syntax": Story("syntax_error", "/srv/app/broken/syntax.py:1", "python -m py_compile", imports("syntax")),
    "encoding": Story("encoding_error", "/srv/app/broken/encoding.py", "python -m py_compile", imports("encoding")),
    "null-bytes": Story("encoding_error", "null bytes", "python -m py_compile", imports("null_bytes")),
    "dependency": Story(
        "missing_dependency", "asyncpg", "echo asyncpg >> requirements.txt", imports("missing_dependency")
    ),
    "library": Story(
        "missing_shared_library", "libGL.so.1", "apt-file search libGL.so.1", imports("missing_library")
    ),
    "circle": Story("circular_import", "app.broken.circle is imported in a circle", "sed -n", imports("circle")),
    "setting": Story("settings_error", "OPENAI_API_KEY", "grep -n OPENAI_API_KEY", imports("setting")),
    "settings-words": Story("settings_error", "DATABASE_URL", "grep -n DATABASE_URL", imports("settings_words")),
    "missing-file": Story(
        "missing_file", "/srv/config/settings.toml", "--why /srv/config/settings.toml", imports("missing_file")
    ),
    "upstream": Story("upstream_refused", "a server it needs", "gcloud run services describe", imports("upstream")),
    "port-taken": Story("port_taken", "Address already in use", "CMD|ENTRYPOINT", imports("port_taken")),
    "memory": Story("out_of_memory", "of the 256 MiB it may have", "--memory 512Mi", imports("hungry")),
    "ends-well": Story("exits_zero", "exit code 0", "let it be the server", {"exit_at_start": 0}),
    "ends-badly": Story("exits_nonzero", "exit code 7; its last words: no use", "logs read", {"exit_at_start": 7}),
}  # fmt: skip
UP = ({"build": {"timeout": "2m"}}, {"canary": {"ready_within": "40s"}})


def play(theatre: Theatre, stories: Mapping[str, Story], steps: Sequence[Mapping[str, Any]], *words: str) -> Played:
    services = {
        name: theatre.entry(f"{theatre.service}-{name}", story.behave, **story.entry) for name, story in stories.items()
    }
    return theatre.release(theatre.config(steps, services=services), "--all", *words)


def wrong(stories: Mapping[str, Story], played: Played) -> list[str]:
    """What differs from what the stories say, in words; empty when nothing does."""
    causes = {event["service"]: event["cause"] for event in played.of_type("diagnosed")}
    found = [f"{name}: no cause was looked for" for name in stories if name not in causes]
    for name, cause in causes.items():
        story, commands = stories[name], cause["commands"]
        if cause["kind"] != story.kind:
            found.append(f"{name}: {cause['kind']} ({cause['sentence']}) instead of {story.kind}")
        elif story.says not in cause["sentence"]:
            found.append(f"{name}: the sentence is {cause['sentence']!r}")
        elif not any(story.types in command for command in commands):
            found.append(f"{name}: the commands are {commands}")
    return found


def image(theatre: Theatre) -> str:
    """The digest of the one image that all these behaviours share."""
    add_to(theatre)
    played = theatre.release(theatre.config(({"build": {"timeout": "2m"}},)))
    assert played.code == 0, played.errors
    return str(played.of_type("judged")[-1]["release"]["image"])


def test_containers_that_end(theatre: Theatre) -> None:
    played = play(theatre, CRASHES, UP, "--skip-build", image(theatre))
    assert played.code == 1
    assert wrong(CRASHES, played) == []
