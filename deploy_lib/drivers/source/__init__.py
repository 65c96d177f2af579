"""The repository as the run meets it: git, the disk beside it, and what both mean for the image."""

from deploy_lib.drivers.source.driver import GitSource

__all__ = ["GitSource"]
