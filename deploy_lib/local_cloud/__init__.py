"""A cloud on this machine: Google's APIs over their own protocols, backed by real builds and real processes.

The package stands alone: it imports nothing beside it, and works wherever its directory is put. See its README.md.
"""
