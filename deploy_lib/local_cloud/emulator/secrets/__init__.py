"""Secret Manager for the local cloud: a store of secrets, and its gRPC service."""
