"""Cloud Logging of the local cloud: entries in memory, its query language, its RPCs."""
