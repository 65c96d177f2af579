"""One file per section of the report: each reads the journal's entries and says one thing."""
