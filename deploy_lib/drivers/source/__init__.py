"""The repository as the run meets it: git, the disk beside it, and what both mean for the image.

Its driver is not imported here: who asks git alone would pay for all that reads an image.
"""
