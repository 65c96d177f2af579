"""How long Cloud Run itself takes to notice that a revision does not start: its Ready condition, watched from outside.

Only Google's own client is used, on the address that `local env` prints, as any other program would.
"""

from __future__ import annotations

import re
import time
from datetime import datetime

from .command import Unexpected

AT_MOST = 300.0  # seconds; Cloud Run allows a start-up 240
_PAUSE = 1.0


def failed_at(environment: str, revision: str) -> datetime:
    """When the revision's Ready condition said that it failed. `environment` is what `local env` printed.

    Raises Unexpected when it does not within AT_MOST seconds.
    """
    import grpc
    from google.cloud import run_v2
    from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcTransport

    address = re.search(r"LOCAL_CLOUD_GRPC=(\S+)", environment)
    if address is None:
        raise Unexpected(f"local env names no gRPC address: {environment.strip()}")
    with grpc.insecure_channel(address[1], options=[("grpc.enable_http_proxy", 0)]) as channel:
        client = run_v2.RevisionsClient(transport=RevisionsGrpcTransport(channel=channel))
        deadline = time.monotonic() + AT_MOST
        while time.monotonic() < deadline:
            for condition in client.get_revision(name=revision, timeout=10).conditions:
                if condition.type_ == "Ready" and condition.state == run_v2.Condition.State.CONDITION_FAILED:
                    return datetime.fromisoformat(condition.last_transition_time.isoformat())
            time.sleep(_PAUSE)
    raise Unexpected(f"{revision} had not failed after {AT_MOST:.0f} s")
