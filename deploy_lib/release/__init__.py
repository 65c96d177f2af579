"""The loop that carries a plan out: ask `decide` for the next move, make it, write down what came of it."""

from deploy_lib.release.executor import Executor, run

__all__ = ["Executor", "run"]
