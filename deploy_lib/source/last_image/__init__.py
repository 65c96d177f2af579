"""What the last good image taught: how it came to be is a guess only where the commit says otherwise than then."""

from __future__ import annotations

from deploy_lib.source.last_image.installed import Installed
from deploy_lib.source.last_image.learn import Known, Learned, learn
from deploy_lib.source.last_image.record import LastImage

__all__ = ["Installed", "Known", "LastImage", "Learned", "learn"]
