"""The words of the project: values that every room speaks, with no behaviour that touches the world.

`traffic` who serves what share; `service` what the YAML says of one service; `release` what is known so far;
`findings` what a check found; `requests` what a step needs done and `answers` what came of it; `journal` the
entries of a release's journal; `evidence` what the cloud says of a revision and the cause read from it.
"""
