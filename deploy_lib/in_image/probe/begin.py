"""Before all else: what this interpreter started with, and whose modules the probe may meet."""

from __future__ import annotations

import os
import sys

STARTED_WITH = set(sys.modules)  # what any `python` has loaded at start
IMAGE_PATH = list(sys.path)
STDLIB = os.path.dirname(os.__file__)
# The application may hold a json.py or a signal.py: the probe's imports must not meet them.
sys.path[:] = [p for p in sys.path if p == STDLIB or os.path.basename(p) == "lib-dynload"]
