"""Revisions as processes: containers in networks of their own, their output, their start-up probes, their ends."""
