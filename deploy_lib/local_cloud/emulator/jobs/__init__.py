"""Cloud Run jobs: their executions and tasks, each task a real process."""
