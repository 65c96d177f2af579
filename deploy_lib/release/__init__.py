"""Carrying out: one executor for releases, what `plan` foresees of them, and rollbacks.

`executor` has the loop; `real`, `read_only` and `rollback` are what it carries out; `resuming` finds what there is to
go on with; `group` releases several services together.
"""
