"""The profiles and what each asks for. Pure.

Numbers of quotas are from public reports, since the tables of Google differ between projects: Logging's 60 reads a
minute cannot be raised, Cloud Build gives recent projects 60 GetBuild, Cloud Run new ones 600 reads and 30 writes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .quotas import Quota


@dataclass(frozen=True, slots=True)
class Profile:
    """`call_seconds` is what each call takes; `log_seconds` between what times an entry may be listed after it came.

    `enforce_etags`: whether a stale etag is refused. `lots`: the shares of traffic are drawn for each request instead
    of dealt out exactly. `check_callers`: calls need permissions. `scales`: a revision has as many instances as its
    requests need. `immutable_tags`: the registry moves no tag, as repositories may be set to.
    """

    name: str
    call_seconds: float = 0.0
    log_seconds: tuple[float, float] = (0.0, 0.0)
    quotas: tuple[Quota, ...] = ()
    enforce_etags: bool = True
    lots: bool = False
    check_callers: bool = False
    scales: bool = False
    immutable_tags: bool = False

    def scaled(self, time_scale: float) -> Profile:
        """What takes its time at Google takes that much less here. A quota's minute stays a minute."""
        earliest, latest = self.log_seconds
        late = (earliest * time_scale, latest * time_scale)
        return replace(self, call_seconds=self.call_seconds * time_scale, log_seconds=late)


_LOGGING, _RUN = "google.logging.v2.LoggingServiceV2", "google.cloud.run.v2"
_BUILD = "google.devtools.cloudbuild.v1.CloudBuild"
RELAXED = Profile("relaxed")
PRODUCTION = Profile(
    "production",
    call_seconds=0.15,
    log_seconds=(5.0, 20.0),
    quotas=(
        Quota("Read requests", 60, "logging.googleapis.com", (f"{_LOGGING}/List*",)),
        Quota("Get build requests", 60, "cloudbuild.googleapis.com", (f"{_BUILD}/GetBuild",)),
        Quota("Read requests", 600, "run.googleapis.com", (f"{_RUN}.*/Get*", f"{_RUN}.*/List*"), regional=True),
        Quota(
            "Write requests",
            30,
            "run.googleapis.com",
            (f"{_RUN}.*/Create*", f"{_RUN}.*/Update*", f"{_RUN}.*/Delete*", f"{_RUN}.*/Set*"),
            regional=True,
        ),
    ),
    enforce_etags=False,
    lots=True,
    check_callers=True,
    scales=True,
    immutable_tags=True,
)
PROFILES = {profile.name: profile for profile in (RELAXED, PRODUCTION)}
