"""The Dockerfile that docker and podman get: bases renamed, lines kept, arguments declared in every stage."""

from __future__ import annotations

import pytest

from deploy_lib.local_cloud.engines.docker_like.recipe import list_bases, original_line, refuse_heredocs, write_recipe
from deploy_lib.local_cloud.engines.dockerfile import expand_words, parse_dockerfile
from deploy_lib.local_cloud.engines.model import BuildFailed
from deploy_lib.local_cloud.registry.oci import host_architecture

TEXT = """# syntax=docker/dockerfile:1
ARG VERSION=3.11
FROM --platform=$TARGETPLATFORM \\
    python:${VERSION}-slim AS Build
RUN echo one
FROM build AS more
FROM scratch
COPY --from=build /x /x
"""


def test_bases_are_found_through_arguments() -> None:
    plan = parse_dockerfile(TEXT)
    assert list_bases(plan, {}) == ["python:3.11-slim", None, None]
    assert list_bases(plan, {"VERSION": "3.12"}) == ["python:3.12-slim", None, None]


def test_only_what_has_to_change_changes() -> None:
    plan = parse_dockerfile(TEXT)
    written = write_recipe(TEXT, plan, ["localhost/stand-in/python:3.11-slim", None, None], {"A": "1", "B": "2"})
    assert written.splitlines() == [
        "# syntax=docker/dockerfile:1",
        "ARG VERSION=3.11",
        "FROM localhost/stand-in/python:3.11-slim AS build",
        "ARG A=1 B=2",
        "RUN echo one",
        "FROM build AS more",
        "ARG A=1 B=2",
        "FROM scratch",
        "ARG A=1 B=2",
        "COPY --from=build /x /x",
    ]


def test_the_lines_of_a_recipe_are_led_back() -> None:
    plan, bases, args = parse_dockerfile(TEXT), ["python:3.11-slim", None, None], {"A": "1"}
    lines, written = TEXT.splitlines(), write_recipe(TEXT, plan, bases, args).splitlines()
    kept = [number for number, line in enumerate(written, 1) if line.startswith(("RUN", "COPY", "#", "FROM build"))]
    assert [lines[original_line(plan, bases, args, number) - 1] for number in kept] == [
        written[number - 1] for number in kept
    ]


def test_nothing_changes_when_nothing_has_to() -> None:
    assert write_recipe(TEXT, parse_dockerfile(TEXT), [None, None, None], {}) == TEXT


def test_an_argument_of_several_words_is_one_value() -> None:
    written = write_recipe("FROM a\n", parse_dockerfile("FROM a\n"), ["a"], {"PIP_FIND_LINKS": 'http://x/a $b "c" \\'})
    (argument,) = parse_dockerfile(written).stages[0].instructions
    assert expand_words(argument.text.removeprefix("ARG "), {}, "\\") == ['PIP_FIND_LINKS=http://x/a $b "c" \\']


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("FROM $NOTHING\n", "Dockerfile line 1: FROM: $NOTHING is empty; give its ARG a value"),
        ("FROM a\nFROM --platform=linux/s390x b\n", f"is not linux/{host_architecture()}, the only one this machine"),
    ],
)
def test_a_base_that_cannot_be(text: str, told: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        list_bases(parse_dockerfile(text), {})
    assert told in caught.value.reason


def test_heredocs_are_refused_for_a_builder_that_would_misread_them() -> None:
    with pytest.raises(BuildFailed, match="line 2: RUN: heredocs are not known to podman") as caught:
        refuse_heredocs(parse_dockerfile("FROM a\nRUN <<EOF\nFROM nowhere\nEOF\n"), "podman")
    assert caught.value.line == 2
