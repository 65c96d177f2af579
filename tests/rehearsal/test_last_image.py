"""What the import check saw in the image that serves is known of the next one, here and in another clone."""

from __future__ import annotations

import json

import pytest

from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.plans import BUILT, REST

STEPS = ({"image_contents": None}, BUILT[0], {"import_check": None}, BUILT[1], *REST)


@pytest.mark.slow
def test_what_the_serving_image_lacks_is_told_before_the_next_build(harness: CliHarness) -> None:
    good = harness.release(harness.config(STEPS))
    assert good.code == 0, f"{good.statuses} {good.errors}"
    serving = harness.now

    harness.write("app/orders.py", "import structlog\n")
    text = (harness.repository / "app" / "main.py").read_text(encoding="utf-8")
    harness.write("app/main.py", text.replace("import importlib\n", "import importlib\n\nfrom app import orders\n"))
    harness.commit()
    bad = harness.release(harness.config(STEPS))
    assert (bad.code, bad.statuses) == (1, [("image_contents", "failed")])
    assert "no package that is installed in the image of commit" in bad.stopped["reason"]
    assert harness.now == serving

    facts = harness.root / "image.json"
    written = harness.run("report", "--write-facts", str(facts))
    assert written.code == 0, written.errors
    kept = json.loads(facts.read_text(encoding="utf-8"))
    assert (kept["workdir"], kept["command"]) == ("/srv", ["python", "-m", "app.main"])
    assert "/srv/app/main.py" in dict(kept["files"])
    words = ("check", "--repo", str(harness.repository), "--dockerfile", "Dockerfile")
    assert harness.run(*words).code == 0
    assert harness.run(*words, "--facts", str(facts)).code == 1
