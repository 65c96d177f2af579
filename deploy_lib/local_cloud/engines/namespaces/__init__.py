"""The engine that needs nothing installed: Linux user, mount and process namespaces over an overlay.

It builds and runs images as root and as an ordinary user. Nothing is imported here, because the supervisor of
every container imports this package and must start within milliseconds; see `engine.NamespacesEngine`.
"""
