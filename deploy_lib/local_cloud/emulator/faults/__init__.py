"""Scripted faults, per API method."""
