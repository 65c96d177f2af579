"""Scripted faults: what a rehearsal wants to go wrong, method by method."""
