"""The configuration contract: what the YAML, the image, the project and the running service must agree on."""

from deploy_lib.drivers.contract.driver import CloudContract

__all__ = ["CloudContract"]
