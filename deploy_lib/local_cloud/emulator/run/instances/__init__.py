"""Instances as processes: containers with a network each, their output, start-up probes and exits."""
