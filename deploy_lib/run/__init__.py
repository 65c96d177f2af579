"""The loop that carries a plan out: ask `decide` for the next move, make it, write down what came of it."""

from deploy_lib.run.loop import Run, run

__all__ = ["Run", "run"]
