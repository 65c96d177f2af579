"""Cloud Monitoring of the local cloud: request metrics from the ingress's real requests."""
