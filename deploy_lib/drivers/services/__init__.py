"""Cloud Run: leases, revisions and traffic, through Google's official client."""

from deploy_lib.drivers.services.driver import CloudRunServices

__all__ = ["CloudRunServices"]
