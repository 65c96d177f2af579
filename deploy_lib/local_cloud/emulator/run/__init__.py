"""Cloud Run v2 of the local cloud: services, revisions that are real processes, and why they are refused."""
