"""The process between an engine and one sandboxed process tree; started by `sandbox`.

It is a process of its own because unshare, pivot_root and fork must never happen inside a threaded engine. It
knows only the standard library, and imports as little of it as it can: its start-up is paid by every container. So
what it is told and tells is marshalled, which both sides do without an import of more.
"""
