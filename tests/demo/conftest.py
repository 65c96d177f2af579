"""The rehearsal lives beside the command, outside the library, so its directory has to be named."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
