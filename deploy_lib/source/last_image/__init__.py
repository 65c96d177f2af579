"""What the last good image taught: how it came to be is a guess only where the commit says otherwise than then.

`check` without facts needs the names below alone, and is in a hurry; `learn` and `record` are for those who have some.
"""

from __future__ import annotations

from deploy_lib.source.last_image.installed import Installed
from deploy_lib.source.last_image.known import Known, Learned

__all__ = ["Installed", "Known", "Learned"]
