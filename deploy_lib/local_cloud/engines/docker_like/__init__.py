"""Engines that are a command of this machine: docker and podman, which take nearly the same words.

What both share is here; ../docker.py and ../podman.py say what is their own.
"""
