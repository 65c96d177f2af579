"""Services composed of the idioms that Dockerfiles are made of, one fault planted in each, and the truth about them:
each is built and started for real by the namespaces engine, and what `check` said of it is held against that.

`application` and `layouts` make a repository, `faults` harm it, `dockerfiles` and `starts` bring it into an image;
`generator` draws one of each from a seed; `truth` builds and starts. The servers are stand-ins (`stand_ins/`): they
look for the application where the real ones look for it, import it, ask it once, and end.
"""
