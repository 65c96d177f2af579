"""Images to and from registries: the OCI distribution protocol, from and into OCI layout directories.

One way for all engines, so a token is never on a command line, and what was pushed has the digest that was saved.
"""
