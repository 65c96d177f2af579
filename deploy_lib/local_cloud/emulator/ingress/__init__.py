"""The HTTP way into a service: one port per address, requests shared out between revisions by percent."""
