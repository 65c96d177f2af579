"""The audit report of a release, made from its journal alone.

`build` reads the facts from the journal and has every section say what it makes of them, in blocks; `formats` shows
blocks as text, HTML and others. Pure: the clock, the time zone and the journals are passed in, and text is handed
back. Whatever is missing (the journal, its end, the log) the report is still made, and lists what is missing.
docs/decisions/020-the-report-is-made-of-blocks.md shows the file that a new section is.
"""
