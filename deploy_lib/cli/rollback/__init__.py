"""rollback: puts good traffic back in one command, with no build and no journal; the service itself remembers."""

from deploy_lib.cli.rollback.command import main

__all__ = ["main"]
