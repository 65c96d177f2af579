"""Why a release failed, from what the cloud says of it: conditions, operation, build, log, answers, findings.

Pure: the same evidence always gives the same cause, and no evidence, however broken, raises. It is imported as
`deploy_lib.diagnose.verdict`, since what it reads a repository with takes a while to import, and a rollback has no use
for it.
"""
