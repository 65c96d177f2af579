"""gcloud's own answer for many .gcloudignore texts at once, from the installed SDK: one process instead of one each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_PROGRAM = """
import json, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/third_party"]
from googlecloudsdk.command_lib.util import gcloudignore
answers = []
for text, paths in json.load(sys.stdin):
    chooser = gcloudignore.FileChooser.FromString(text)
    answers.append([path for path in paths if not chooser.IsIncluded(path)])
json.dump(answers, sys.stdout)
"""


@cache
def missing() -> str:
    """Why there is nobody to ask; "" when there is."""
    return "" if _library() else "gcloud is not installed here, so there is nothing to compare with"


def _library() -> Path | None:
    found = shutil.which("gcloud")
    places = [Path(found).resolve().parents[1] / "lib"] if found else []
    places.append(Path("/usr/lib/google-cloud-sdk/lib"))
    return next(
        (place for place in places if (place / "googlecloudsdk/command_lib/util/gcloudignore.py").exists()), None
    )


def dropped(cases: list[tuple[str, list[str]]]) -> list[list[str]]:
    """For each (text, paths), the paths that gcloud would leave out."""
    with tempfile.TemporaryDirectory() as settings:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PROGRAM, str(_library())],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "CLOUDSDK_CONFIG": settings},
        )
    answers: list[list[str]] = json.loads(done.stdout)
    return answers
