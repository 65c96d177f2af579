"""YAML to Plan: every problem of a file is found at once, each with file:line:column and a remedy."""

from deploy_lib.config.load import Config, load, plan_for
from deploy_lib.config.problems import ConfigError, Problem

__all__ = ["Config", "ConfigError", "Problem", "load", "plan_for"]
