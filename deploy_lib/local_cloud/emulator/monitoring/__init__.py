"""Cloud Monitoring of the local cloud: request metrics from the front door's real requests."""
