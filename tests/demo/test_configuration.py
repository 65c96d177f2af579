"""The configuration of a story is one that the tool accepts, with gates left out as asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rehearse import configuration
from rehearse.stories import STORIES

from deploy_lib.config.load import load


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_tool_accepts_the_configuration_of_each_story(story, tmp_path: Path) -> None:
    config = load(configuration.write(tmp_path / "a.yaml", story.left_out))
    labels = [step.label for step in config.steps]
    assert not {label.split()[0] for label in labels} & set(story.left_out)
    assert story.expected is None or story.expected in labels


def test_a_gate_is_switched_off_by_leaving_it_out(tmp_path: Path) -> None:
    path = configuration.write(tmp_path / "a.yaml", ("git_clean", "import_check"))
    kinds = [next(iter(step)) for step in yaml.safe_load(path.read_text())["steps"]]
    assert kinds == [
        "image_contents", "config_contract", "build", "canary", "probe", "promote", "compare", "promote", "verify",
    ]  # fmt: skip


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(ValueError, match="no such step: bild"):
        configuration.steps_without(["bild"])
