"""The image registry of the local cloud: content-addressed images on disk, and the distribution API over HTTP."""
