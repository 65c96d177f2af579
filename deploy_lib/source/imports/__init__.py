"""What a Python program imports when it starts, computed without starting it.

Each module is reduced to facts (what it does while it is imported, in order), which depend on its content alone and
are kept by blob id. The facts of all modules that the entrypoint reaches are then run, as Python would run them, over
the files the image will hold: `run` finds which import would fail, and on which way it is reached.
"""
