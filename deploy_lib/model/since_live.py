"""Whether a service has changed since its last live release, and in what: for releases of what has changed alone. Pure.

What cannot be known counts as changed: a release too many is seen at once, one too few by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.model.image_names import digest_of
from deploy_lib.model.release_history import drift
from deploy_lib.model.state import ServiceState


def changes_since_live(state: ServiceState, context: str, settings: Sequence[str]) -> tuple[str, ...]:
    """Why the service is to be released, each reason as a clause; empty when what serves is what a release would make.

    `context` is the hash of what its image would be built from now, `settings` what a release would change of those
    that serve, in words.
    """
    shares = state.traffic.shares()
    if not state.exists or not shares:
        return ("nothing serves yet",)
    if state.unfinished or state.left:
        return ("a release of it has not ended",)
    if len(shares) > 1:
        return (f"{len(shares)} revisions share its traffic",)
    by_hand = drift(state)
    if by_hand is not None and by_hand.moved:
        return ("its traffic was changed by hand since",)
    contents = _contents(state, context)
    return (*([contents] if contents else []), *settings)


def _contents(state: ServiceState, context: str) -> str:
    """What is to be said of the image's contents; empty when they are the same."""
    main = state.revision(state.traffic.main_revision() or "")
    digest = digest_of(main.image) if main is not None else None
    built_from = next((past.context for past in state.history if past.context and past.digest == digest), None)
    if digest is None or built_from is None:
        return "what its image was built from is not known"
    if built_from != context:
        commit = f" (commit {main.commit[:7]})" if main is not None and main.commit else ""
        return f"the files of its image changed since what serves{commit}"
    return ""


def same_since_live(state: ServiceState) -> str:
    """Why it is left alone, as a clause, where nothing changed."""
    live = state.revision(state.traffic.main_revision() or "")
    where = f"{live.name} (commit {live.commit[:7]})" if live is not None and live.commit else str(state.traffic)
    return f"files of its image and settings are those of {where}"
