"""What a Dockerfile says, read far enough to know which files its image will hold.

The engines have their own reading, on purpose: the local cloud builds with theirs, so a rule misread here shows as a
difference between what was predicted and what was built, instead of standing on both sides unseen.
"""
