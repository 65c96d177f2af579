"""Why a release failed, from what the cloud says of it: conditions, operation, build, log, answers, findings.

Pure: the same evidence always gives the same cause, and no evidence, however broken, raises.
"""

from deploy_lib.diagnose.verdict import diagnose, startup_verdict, tells_why

__all__ = ["diagnose", "startup_verdict", "tells_why"]
