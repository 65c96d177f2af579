"""Engines that are a command: docker and podman, whose command lines are nearly the same.

What both share is here; ../docker.py and ../podman.py say what is their own.
"""
