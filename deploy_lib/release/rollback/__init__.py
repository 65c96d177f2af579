"""The way back: lease, probe of the target, traffic, the end of what was under way, and the last line.

`target` chooses what is put back, `moves` what is done next, `procedure` does it.
"""
