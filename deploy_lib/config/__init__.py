"""YAML to Plan: every problem of a file is found at once, each with file:line:column and a remedy."""

from deploy_lib.config.load import Config, load, plan_for, plan_for_job
from deploy_lib.config.problems import ConfigError, ConfigProblem

__all__ = ["Config", "ConfigError", "ConfigProblem", "load", "plan_for", "plan_for_job"]
